// What all collections of records have in common: a list with filters and more on demand, a page for each record, adding, changing,
// deleting, and what others change meanwhile.
import * as api from './api.js';
import { confirm, editor, failed, toast } from './dialog.js';
import { add, calm, fill, h } from './dom.js';
import * as form from './form.js';
import { number, t } from './text.js';

const pageSize = 50;

export const link = (section, name, text = name) => h('a', { href: `#/${section}/${encodeURIComponent(name)}` }, text);

export const empty = (section) => h('div', { class: 'empty', 'data-test': 'empty' }, h('b', {}, t(`${section}.empty`)), t(`${section}.emptyMore`));

/** A list. `spec`: section, path, columns [{ label, cell, late, number }], filters, actions (buttons of the head), batch, add. */
export const list = (root, spec) => {
  let next = null;
  let shown = [];
  const chosen = new Set();
  const filters = {};
  const body = h('tbody', { 'data-test': 'rows' });
  const more = h('button', { class: 'hidden', 'data-test': 'more', onclick: () => load(true) }, t('do.more'));
  const total = h('span', { class: 'dim small', 'data-test': 'total' });
  const none = h('div');
  const bar = h('div', { class: 'row hidden', 'data-test': 'batch' });
  const all = h('input', { type: 'checkbox', 'aria-label': t('do.chooseAll'), onchange: () => choose(all.checked ? shown.map((record) => record.id) : []) });

  const choose = (ids) => {
    chosen.clear();
    ids.forEach((one) => chosen.add(one));
    for (const box of body.querySelectorAll('input[type=checkbox]')) box.checked = chosen.has(box.dataset.id);
    drawBar();
  };
  const drawBar = () => {
    all.checked = chosen.size > 0 && chosen.size === shown.length;
    bar.classList.toggle('hidden', chosen.size === 0);
    if (chosen.size === 0) return;
    fill(bar, h('span', { class: 'dim' }, t('batch.chosen', { count: chosen.size })), spec.batch.map((act) =>
      h('button', { class: act.danger ? 'danger' : '', 'data-test': `batch-${act.name}`, onclick: () => runBatch(act) }, t(`do.${act.name}`))));
  };
  const runBatch = async (act) => {
    const ids = [...chosen];
    if (act.danger && !await confirm(t('batch.title', { count: ids.length }), t('batch.text', { count: ids.length }), String(ids.length), t(`do.${act.name}`))) return;
    try { await act.run(ids); choose([]); await load(); } catch (problem) { failed(problem); }
  };
  const row = (record) => h('tr', { 'data-id': record.id },
    spec.batch ? h('td', { class: 'choose' }, h('input', {
      type: 'checkbox', 'data-id': record.id, checked: chosen.has(record.id), 'aria-label': record.id,
      onchange: (event) => { if (event.target.checked) chosen.add(record.id); else chosen.delete(record.id); drawBar(); },
    })) : null,
    spec.columns.map((column) => h('td', { class: `${column.late ? 'later' : ''} ${column.number ? 'number' : ''}` }, column.cell(record))));

  const load = async (further = false, fresh = null) => {
    const size = further ? pageSize : Math.max(pageSize, Math.min(shown.length, 1_000));
    const page = await api.get(spec.path + api.query({ ...spec.fixed, ...filters, limit: size, after: further ? next : '' }));
    const items = spec.keep ? page.items.filter(spec.keep) : page.items;
    shown = further ? [...shown, ...items] : items;
    next = page.next;
    const rows = items.map(row);
    if (further) body.append(...rows); else body.replaceChildren(...rows);
    if (fresh) body.querySelector(`tr[data-id="${CSS.escape(fresh)}"]`)?.classList.add('fresh');
    more.classList.toggle('hidden', !next);
    total.textContent = page.total === undefined ? '' : t('list.total', { shown: number(shown.length), total: number(page.total) });
    fill(none, shown.length === 0 ? empty(spec.section) : null);
    table.classList.toggle('hidden', shown.length === 0);
  };
  const guarded = async (...given) => { try { await load(...given); } catch (problem) { failed(problem); } };

  const table = h('div', { class: 'scroll' }, h('table', {},
    h('thead', {}, h('tr', {}, spec.batch ? h('th', { class: 'choose' }, all) : null,
      spec.columns.map((column) => h('th', { class: `${column.late ? 'later' : ''} ${column.number ? 'number' : ''}` }, t(column.label))))), body));
  const search = (spec.filters ?? []).map((filter) => {
    const change = calm((value) => { filters[filter.name] = value; guarded(); }, filter.options ? 0 : 250);
    if (!filter.options) {
      return h('input', { type: 'search', placeholder: t(filter.label), 'aria-label': t(filter.label), 'data-test': `filter-${filter.name}`, oninput: (event) => change(event.target.value) });
    }
    return h('select', { 'aria-label': t(filter.label), 'data-test': `filter-${filter.name}`, onchange: (event) => change(event.target.value) },
      h('option', { value: '' }, t(filter.label)), filter.options.map((one) => h('option', { value: one.value }, one.label)));
  });
  fill(root,
    h('div', { class: 'head' }, h('h1', {}, t(`section.${spec.section}`)), total,
      h('div', { class: 'row' }, spec.actions ?? [], spec.add ? h('button', { class: 'primary', 'data-test': 'add', onclick: spec.add }, t('do.add')) : null)),
    search.length ? h('div', { class: 'filters' }, search) : null, bar, h('div', { class: 'panel' }, table, none, h('div', { class: 'row' }, more)));
  return { load, refresh: calm((fresh) => { if (root.isConnected && !root.dataset.left) guarded(false, fresh); }, 300) };
};

/** What somebody else has saved meanwhile: shown beside what was typed, and nothing of either is lost. */
const conflict = (mine, theirs, again) => (close) => h('div', { class: 'panel stack', 'data-test': 'conflict' },
  h('h3', {}, t('conflict.title')), h('p', {}, t('conflict.text')),
  h('table', {}, h('thead', {}, h('tr', {}, h('th', {}, ''), h('th', {}, t('conflict.mine')), h('th', {}, t('conflict.theirs')))),
    h('tbody', {}, Object.keys(mine).filter((name) => name !== 'secret').map((name) => h('tr', {}, h('td', {}, t(`field.${name}`)),
      h('td', {}, JSON.stringify(mine[name])), h('td', {}, JSON.stringify(theirs[name])))))),
  h('div', { class: 'row' },
    h('button', { type: 'button', 'data-test': 'keep-theirs', onclick: () => close(true) }, t('conflict.takeTheirs')),
    h('button', { type: 'button', class: 'primary', 'data-test': 'keep-mine', onclick: () => again(close) }, t('conflict.saveMine'))));

/** Changes a record: only what was changed is sent, with the revision that was seen. */
export const edit = async (path, record, fields, secrets = null) => {
  const made = form.make(fields, record);
  const body = () => shaped(made.values(true), secrets);
  const save = async () => {
    const values = body();
    if (Object.keys(values).length === 0) return true;
    try {
      await api.request('PATCH', `${path}/${api.id(record.id)}`, { body: values, headers: { 'If-Match': `"${record.revision}"` } });
    } catch (problem) {
      if (problem.code !== 'version-conflict') throw problem;
      const theirs = await api.get(`${path}/${api.id(record.id)}`);
      problem.resolve = conflict(values, theirs, async (close) => {
        try {
          await api.request('PATCH', `${path}/${api.id(record.id)}`, { body: values, headers: { 'If-Match': `"${theirs.revision}"` } });
          close(true);
        } catch (again) { failed(again); }
      });
      throw problem;
    }
    return true;
  };
  const done = await editor(t('do.editTitle', { name: record.name ?? record.id }), made, save);
  if (done) toast(t('done.saved'));
  return done;
};

/** Fields named `secret.x` go into `secret`. */
const shaped = (values, secrets) => {
  if (!secrets) return values;
  const body = {};
  for (const [name, value] of Object.entries(values)) {
    if (!name.startsWith('secret.')) { body[name] = value; continue; }
    if (value === '' || value === undefined) continue;
    if (name === 'secret.') body.secret = value; else (body.secret ??= {})[name.slice(7)] = value;
  }
  return body;
};

/** Makes a record; resolves with it. */
export const create = (title, path, fields, secrets = null) => {
  const made = form.make(fields);
  const headers = api.once();
  return editor(title, made, async () => api.post(path, shaped(made.values(), secrets), headers), t('do.add'));
};

export const remove = async (path, record, { undo = null, name = record.name ?? record.id } = {}) => {
  if (!undo && !await confirm(t('confirm.delete', { name }), t('confirm.deleteText'), name)) return false;
  // The news of it must not draw what is no longer there.
  const main = document.getElementById('main');
  const place = location.hash;
  main.dataset.left = '1';
  try { await api.request('DELETE', `${path}/${api.id(record.id)}`); } finally { setTimeout(() => { if (main.isConnected) delete main.dataset.left; }, 1_500); }
  toast(t('done.deleted', { name }), undo ? { action: undo, label: t('do.undo') } : {});
  // Whoever has gone elsewhere meanwhile stays there.
  return location.hash === place;
};

/** Draws a page again when something has changed, as long as somebody looks at it. */
export const redraw = (root, draw, milliseconds = 300) => calm(() => {
  if (root.isConnected && !root.dataset.left) draw().catch(failed);
}, milliseconds);

/** A record's own page: head with buttons, then panels. */
export const detail = (root, section, name, state, buttons, ...panels) => {
  fill(root, h('p', {}, h('a', { href: `#/${section}` }, `← ${t(`section.${section}`)}`)),
    h('div', { class: 'head' }, h('h1', { 'data-test': 'title' }, name), state, h('div', { class: 'row' }, buttons)));
  add(root, panels);
};

export const button = (label, run, { danger = false, test = label } = {}) => h('button', {
  class: danger ? 'danger' : '', 'data-test': test,
  onclick: async (event) => {
    event.target.disabled = true;
    try { await run(); } catch (problem) { failed(problem); } finally { event.target.disabled = false; }
  },
}, t(`do.${label}`));

export const facts = (pairs) => h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)).map(([label, value]) =>
  [h('dt', {}, t(label)), h('dd', {}, value === null ? '–' : value)]));

export const tags = (items) => (items ?? []).map((item) => h('span', { class: 'tag' }, item));
