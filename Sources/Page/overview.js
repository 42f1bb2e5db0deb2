// What an operator sees first.
import * as api from './api.js';
import { redraw } from './collection.js';
import { failed } from './dialog.js';
import { fill, h } from './dom.js';
import * as plot from './plot.js';
import { good, state } from './state.js';
import { number, t, time, word } from './text.js';

const places = { credential: 'credentials', pool: 'pools', 'api-key': 'apikeys', schedule: 'schedules', sink: 'settings' };
const days = 14;

const health = (lines) => h('ul', { class: 'lines', 'data-test': 'health' }, lines.map((line) => h('li', {},
  h('span', { class: 'grow' }, word('health', line.name)),
  line.name === 'last-proven-backup' && line.ok ? h('span', { class: 'dim' }, time(line.detail, t('overview.noBackup')))
    : h('span', { class: 'dim' }, line.detail ?? ''),
  good(line.ok, line.ok ? t('state.ok') : t('state.failing')))));

const attention = (items) => (items.length === 0
  ? h('p', { class: 'dim', 'data-test': 'nothing-to-do' }, t('overview.nothing'))
  : h('ul', { class: 'lines', 'data-test': 'attention' }, items.map((item) => h('li', {},
    h('a', { class: 'grow', href: `#/${places[item.noun] ?? 'overview'}/${encodeURIComponent(item.id)}` }, item.id),
    h('span', { class: 'dim' }, item.reason ?? ''), state(item.state)))));

const figure = (section, label, value) => h('a', { class: 'figure', href: `#/${section}` }, h('b', {}, number(value)), h('span', { class: 'dim' }, label));

export const show = async (root) => {
  const draw = async () => {
    const data = await api.get(`/v1/overview?days=${days}`);
    const credentials = Object.values(data.counts.credentials).reduce((sum, count) => sum + count, 0);
    const broken = data.health.filter((line) => !line.ok).length;
    fill(root,
      h('div', { class: 'head' }, h('h1', {}, t('section.overview')),
        good(broken === 0, broken === 0 ? t('overview.allGood') : t('overview.broken', { count: broken }))),
      h('div', { class: 'figures' },
        figure('credentials', t('section.credentials'), credentials), figure('pools', t('section.pools'), data.counts.pools),
        figure('apikeys', t('section.apikeys'), data.counts.api_keys), figure('secrets', t('section.secrets'), data.counts.secrets),
        figure('schedules', t('section.schedules'), data.counts.schedules)),
      h('div', { class: 'grid' },
        h('section', { class: 'panel' }, h('h2', {}, t('overview.attention')), attention(data.attention)),
        h('section', { class: 'panel' }, h('h2', {}, t('overview.health')), health(data.health)),
        h('section', { class: 'panel wide' }, h('h2', {}, t('overview.expiring'), h('span', { class: 'dim small' }, t('overview.days', { days }))),
          plot.timeline(data.expiring, days, data.time),
          h('ul', { class: 'lines' }, data.expiring.slice(0, 6).map((item) => h('li', {},
            h('span', { class: 'grow' }, item.name), h('span', { class: 'dim' }, word('noun', item.noun)), time(item.at)))),
          data.expiring.length === 0 ? h('p', { class: 'dim' }, t('overview.nothingExpires')) : null),
        h('section', { class: 'panel' }, h('h2', {}, t('overview.requests')),
          plot.bars(data.series.requests, (step) => Number(step.count), (step) => Number(step.refused), t('overview.requests')),
          h('p', { class: 'legend' }, h('span', { class: 'one' }, t('overview.answered')), h('span', { class: 'two' }, t('overview.refused')))),
        h('section', { class: 'panel' }, h('h2', {}, t('overview.refreshes')),
          plot.bars(data.series.refreshes, (step) => Number(step.ok), (step) => Number(step.failed), t('overview.refreshes')),
          h('p', { class: 'legend' }, h('span', { class: 'one' }, t('overview.renewed')), h('span', { class: 'two' }, t('overview.failed'))))));
  };
  await draw();
  const again = redraw(root, draw, 600);
  const timer = setInterval(again, 30_000);
  return { change: again, resync: again, leave: () => clearInterval(timer) };
};
