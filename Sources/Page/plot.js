// Plots as SVG, drawn here: three kinds are all there is.
import { svg } from './dom.js';
import { ago, fullTime, language, t } from './text.js';

const width = 640;

const titled = (element, text) => {
  const title = svg('title');
  title.textContent = text;
  element.append(title);
  return element;
};

const label = (x, y, text, anchor = 'middle') => {
  const element = svg('text', { x, y, 'text-anchor': anchor });
  element.textContent = text;
  return element;
};

/** What expires when: a dot for each thing on a line from now to `days` ahead. */
export const timeline = (items, days, now = Date.now()) => {
  const height = 120;
  const end = now + days * 86_400_000;
  const place = (at) => 16 + ((Math.min(Math.max(at, now), end) - now) / (end - now)) * (width - 32);
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': t('overview.expiring') });
  root.append(svg('line', { x1: 16, x2: width - 16, y1: 88, y2: 88, class: 'axis' }));
  const day = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { day: 'numeric', month: 'short' });
  const step = Math.max(1, Math.ceil(days / 7));
  for (let index = 0; index <= days; index += step) {
    const x = place(now + index * 86_400_000);
    root.append(svg('line', { x1: x, x2: x, y1: 84, y2: 92, class: 'axis' }), label(x, 108, index === 0 ? t('plot.now') : day.format(now + index * 86_400_000)));
  }
  // Those of one place stand on each other.
  const heights = new Map();
  for (const item of items) {
    const x = Math.round(place(item.at) / 9) * 9;
    const level = heights.get(x) ?? 0;
    heights.set(x, level + 1);
    if (level > 7) continue;
    root.append(titled(
      svg('circle', { cx: x, cy: 80 - level * 10, r: 4, class: item.at <= now ? 'two' : 'one' }), `${item.name}: ${ago(item.at, now)}, ${fullTime(item.at)}`));
  }
  return root;
};

/** Two counts over time, one within the other: requests and refusals, refreshes and failures. */
export const bars = (steps, one, two, name) => {
  const height = 130;
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': name });
  const most = Math.max(1, ...steps.map(one), ...steps.map((step) => one(step) + 0), ...steps.map(two));
  const slot = (width - 48) / Math.max(steps.length, 24);
  root.append(
    svg('line', { x1: 40, x2: width - 8, y1: 104, y2: 104, class: 'axis' }), svg('line', { x1: 40, x2: width - 8, y1: 14, y2: 14, class: 'axis' }),
    label(34, 18, String(most), 'end'), label(34, 108, '0', 'end'));
  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
  steps.forEach((step, index) => {
    const x = 40 + index * slot;
    const draw = (value, kind) => {
      const size = (value / most) * 90;
      if (size > 0) {
        root.append(titled(
          svg('rect', { x, y: 104 - size, width: Math.max(slot - 1, 1), height: Math.max(size, 1), class: kind, 'stroke-width': 0 }),
          `${fullTime(step.time)}: ${one(step)} / ${two(step)}`));
      }
    };
    draw(one(step), 'one');
    draw(two(step), 'two');
    if (index % Math.max(1, Math.ceil(steps.length / 6)) === 0) root.append(label(x, 122, clock.format(step.time), 'start'));
  });
  return root;
};

/** A running sum over time: what an API key was used for. */
export const line = (points, name) => {
  const height = 120;
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': name });
  if (points.length === 0) return root;
  const [first, last] = [points[0].time, Math.max(points.at(-1).time, points[0].time + 1)];
  let sum = 0;
  const sums = points.map((point) => [point.time, sum += Number(point.amount)]);
  const most = Math.max(sum, 1);
  const xy = ([at, value]) => `${40 + ((at - first) / (last - first)) * (width - 56)},${96 - (value / most) * 80}`;
  const path = sums.map(xy);
  root.append(
    svg('polygon', { points: `40,96 ${path.join(' ')} ${width - 16},96`, class: 'area' }),
    svg('polyline', { points: [`40,96`, ...path].join(' '), class: 'one line' }),
    svg('line', { x1: 40, x2: width - 16, y1: 96, y2: 96, class: 'axis' }), label(34, 20, String(most), 'end'),
    label(40, 114, fullTime(first), 'start'), label(width - 16, 114, fullTime(last), 'end'));
  return root;
};
