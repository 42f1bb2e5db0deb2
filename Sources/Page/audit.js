// The audit log: who did what to which name, and what came of it.
import * as api from './api.js';
import { button, facts, redraw } from './collection.js';
import { failed, open } from './dialog.js';
import { fill, h } from './dom.js';
import { good } from './state.js';
import { number, t, time } from './text.js';

const filters = ['who', 'noun', 'action', 'name'];

export const show = async (root) => {
  const values = {};
  let next = null;
  const body = h('tbody', { 'data-test': 'rows' });
  const more = h('button', { class: 'hidden', 'data-test': 'more', onclick: () => load(true).catch(failed) }, t('do.more'));
  const load = async (further = false) => {
    const page = await api.get(`/v1/audit${api.query({ ...values, limit: 100, after: further ? next : '' })}`);
    next = page.next;
    const rows = page.items.map((entry) => h('tr', {},
      h('td', {}, time(entry.time)), h('td', {}, entry.who), h('td', {}, `${entry.noun} ${entry.action}`), h('td', {}, entry.name ?? entry.name_base64 ?? ''),
      h('td', {}, good(entry.result === 'ok', entry.result === 'ok' ? t('state.ok') : entry.result)), h('td', { class: 'number later' }, number(entry.count)),
      h('td', { class: 'later' }, [entry.door, entry.address].filter(Boolean).join(' ')),
      h('td', {}, h('button', { class: 'quiet', onclick: () => more_(entry) }, t('do.details')))));
    if (further) body.append(...rows); else body.replaceChildren(...rows);
    more.classList.toggle('hidden', !next);
  };
  const more_ = (entry) => open(`${entry.noun} ${entry.action}`, (box) => box.append(facts(Object.entries(entry).map(([name, value]) =>
    [`field.${name}`, Array.isArray(value) ? value.join(', ') : name === 'time' || name === 'last' ? time(value) : value === null ? null : String(value)]))));
  const again = redraw(root, load, 250);
  const verify = button('verify', async () => {
    const verdict = await api.post('/v1/audit/verify');
    await open(t('audit.verified'), (box) => box.append(good(verdict.good, verdict.good ? t('audit.whole') : t('audit.broken')),
      facts([['audit.files', number(verdict.files)], ['audit.records', number(verdict.records)]]), h('ul', {}, verdict.findings.map((finding) => h('li', {}, finding.message)))), { test: 'verify-dialog' });
  });
  fill(root, h('div', { class: 'head' }, h('h1', {}, t('section.audit')), verify),
    h('div', { class: 'filters' },
      filters.map((name) => h('input', { type: 'search', placeholder: t(`audit.${name}`), 'aria-label': t(`audit.${name}`), 'data-test': `filter-${name}`, oninput: (event) => { values[name] = event.target.value.trim(); again(); } })),
      h('select', { 'aria-label': t('audit.result'), 'data-test': 'filter-result', onchange: (event) => { values.result = event.target.value; again(); } },
        h('option', { value: '' }, t('audit.result')), h('option', { value: 'done' }, t('audit.done')), h('option', { value: 'refused' }, t('audit.refused')))),
    h('div', { class: 'panel' }, h('div', { class: 'scroll' }, h('table', {},
      h('thead', {}, h('tr', {}, ['field.time', 'field.who', 'audit.what', 'field.name', 'audit.outcome'].map((key) => h('th', {}, t(key))),
        h('th', { class: 'later' }, t('field.count')), h('th', { class: 'later' }, t('audit.from')), h('th', {}, ''))), body)), more));
  await load();
  return { resync: again };
};
