// Credentials out of a pasted text or a file: JSON lines or CSV, in pieces, with a report for each line.
import * as api from './api.js';
import { open as openDialog } from './dialog.js';
import { fill, h } from './dom.js';
import { number, t, word } from './text.js';

const linesAtOnce = 500;
const shownAtMost = 500;

/** Cuts a text into pieces that stand by themselves: of CSV each has the head. */
const pieces = (text) => {
  const lines = text.split(/\r?\n/);
  const isCSV = !text.trimStart().startsWith('{');
  const head = isCSV ? lines.shift() : null;
  const found = [];
  for (let start = 0; start < lines.length; start += linesAtOnce) {
    const piece = lines.slice(start, start + linesAtOnce);
    if (piece.some((line) => line.trim() !== '')) found.push({ text: (isCSV ? `${head}\n` : '') + piece.join('\n') + '\n', offset: start });
  }
  // A quoted field may go over several lines: then the whole is one piece.
  if (isCSV && lines.some((line) => (line.match(/"/g) ?? []).length % 2 === 1)) return [{ text: `${head}\n${lines.join('\n')}`, offset: 0 }];
  return found;
};

const moved = (origin, offset) => origin.replace(/\d+/, (line) => String(Number(line) + offset));

export const open = () => openDialog(t('import.title'), (body, close) => {
  let isDone = false;
  const text = h('textarea', { 'data-test': 'import-text', 'aria-label': t('import.paste'), spellcheck: 'false', rows: '8' });
  const file = h('input', {
    type: 'file', accept: '.json,.jsonl,.csv,.txt', 'data-test': 'import-file', 'aria-label': t('import.file'),
    onchange: async () => { if (file.files[0]) text.value = await file.files[0].text(); },
  });
  const progress = h('progress', { class: 'hidden', max: '1', value: '0' });
  const report = h('div', { 'data-test': 'import-report' });
  const run = async (dryRun) => {
    const all = pieces(text.value);
    const counts = {};
    const rows = [];
    progress.classList.remove('hidden');
    progress.max = Math.max(all.length, 1);
    try {
      for (const [index, piece] of all.entries()) {
        const answer = await api.post('/v1/credentials/import', { text: piece.text, dry_run: dryRun });
        for (const [name, count] of Object.entries(answer.counts)) counts[name] = (counts[name] ?? 0) + count;
        for (const line of answer.lines) {
          if (rows.length < shownAtMost && (line.outcome === 'refused' || line.message || all.length === 1)) rows.push({ ...line, origin: moved(line.origin, piece.offset) });
        }
        progress.value = index + 1;
      }
      isDone ||= !dryRun;
      const summary = Object.entries(counts).map(([name, count]) => `${word('outcome', name)}: ${number(count)}`).join(' · ');
      fill(report, h('p', {}, h('b', {}, dryRun ? t('import.would') : t('import.did')), ' ', summary || t('import.nothing')),
        rows.length ? h('div', { class: 'scroll' }, h('table', {}, h('tbody', {}, rows.map((line) => h('tr', {},
          h('td', { class: 'nowrap' }, line.origin), h('td', {}, line.name ?? ''), h('td', {}, word('outcome', line.outcome)), h('td', {}, line.message ?? '')))))) : null);
    } catch (problem) {
      fill(report, h('p', { class: 'problem' }, problem.message));
    } finally {
      progress.classList.add('hidden');
    }
  };
  body.append(h('p', {}, t('import.text')), h('pre', {}, '{"name":"alice","provider":"openai","secrets":{"refresh":"rt_…"},"tags":["team-a"]}'), file, text, progress, report,
    h('div', { class: 'actions' },
      h('button', { onclick: () => { text.value = ''; close(isDone); }, 'data-test': 'import-close' }, t('do.close')),
      h('button', { 'data-test': 'import-check', onclick: () => run(true) }, t('import.check')),
      h('button', { class: 'primary', 'data-test': 'import-run', onclick: () => run(false) }, t('do.import'))));
}, { broad: true, test: 'import-dialog' });
