// Secrets: names, versions, metadata; values only on demand.
import * as api from './api.js';
import { button, create, detail, edit, facts, link, list, redraw, tags } from './collection.js';
import { confirm, editor, failed, open, showSecret, toast } from './dialog.js';
import { fill, h } from './dom.js';
import * as form from './form.js';
import { state } from './state.js';
import { bytes, number, t, time } from './text.js';

const path = '/v1/secrets';
const settings = [
  { name: 'metadata', kind: 'map', help: 'help.map' }, { name: 'tags', kind: 'list', help: 'help.lines' }, { name: 'keep_last', kind: 'number' },
];

const valueOf = async (name, version) => {
  await api.mayShow();
  const answer = await api.get(`${path}/${api.id(name)}/value${api.query({ version })}`);
  return answer.value ?? answer.value_base64;
};

/** A value that is put is a new version; the version that was seen must still be the last one. */
const put = async (name, body, headers = {}) => (await api.request('PUT', `${path}/${api.id(name)}`, { body, headers: { ...api.once(), ...headers } })).data;

const add = () => {
  const made = form.make([{ name: 'name' }, { name: 'value', kind: 'secret-area', label: 'secret.value' }, { name: 'expires', kind: 'moment', help: 'help.never' }, ...settings.slice(0, 2)]);
  return editor(t('secrets.addTitle'), made, async ({ name, ...body }) => {
    await put(name, { ...body, value: body.value ?? '' }, { 'If-None-Match': '*' });
    return name;
  }, t('do.add'));
};

export const show = async (root, name) => (name ? one(root, name) : all(root));

const all = async (root) => {
  const view = list(root, {
    section: 'secrets', path, filters: [{ name: 'prefix', label: 'filter.prefix' }, { name: 'deleted', label: 'filter.deleted', options: [{ value: 'true', label: t('filter.withDeleted') }] }],
    add: async () => { try { const name = await add(); if (name) location.hash = `#/secrets/${encodeURIComponent(name)}`; } catch (problem) { failed(problem); } },
    columns: [
      { label: 'field.name', cell: (secret) => (secret.name === undefined ? h('code', {}, secret.name_base64) : link('secrets', secret.name)) },
      { label: 'field.version', cell: (secret) => (secret.deleted ? state('deleted') : number(secret.version)), number: true },
      { label: 'field.updated', cell: (secret) => time(secret.updated), late: true }, { label: 'field.expires', cell: (secret) => time(secret.expires, t('apikeys.never')), late: true },
      { label: 'field.tags', cell: (secret) => tags(secret.tags), late: true },
    ],
  });
  await view.load();
  return { change: (event) => { if (event.noun === 'secret') view.refresh(); }, resync: () => view.refresh() };
};

/** Two versions beside each other: equal characters are masked until somebody wants to see them. */
const difference = (name, from, to) => open(t('secrets.diffTitle', { from, to }), async (body, close, dialog) => {
  const box = h('div', { class: 'diff', 'data-test': 'diff' }, t('secrets.loading'));
  body.append(h('p', { class: 'dim' }, t('secrets.diffText')), box, h('div', { class: 'actions' },
    h('button', { 'data-test': 'unmask', onclick: () => draw(false) }, t('do.reveal')), h('button', { class: 'primary', onclick: () => close() }, t('do.close'))));
  let values = ['', ''];
  dialog.addEventListener('close', () => { values = ['', '']; box.replaceChildren(); });
  const mask = (text) => text.replace(/[^\n]/g, '•');
  const draw = (isMasked) => {
    const [old, now] = values.map((value) => value.split('\n'));
    const rows = [];
    for (let index = 0; index < Math.max(old.length, now.length); index += 1) {
      if (old[index] === now[index]) { rows.push(h('div', { class: 'dim' }, `  ${isMasked ? mask(old[index]) : old[index]}`)); continue; }
      if (old[index] !== undefined) rows.push(h('div', { class: 'gone' }, `− ${isMasked ? mask(old[index]) : old[index]}`));
      if (now[index] !== undefined) rows.push(h('div', { class: 'came' }, `+ ${isMasked ? mask(now[index]) : now[index]}`));
    }
    fill(box, h('p', {}, values[0] === values[1] ? t('secrets.same') : t('secrets.different')), rows);
    if (!isMasked) setTimeout(() => { if (box.isConnected) draw(true); }, 60_000);
  };
  try {
    values = [await valueOf(name, from), await valueOf(name, to)];
    draw(true);
  } catch (problem) { close(); failed(problem); }
}, { broad: true, test: 'diff-dialog' });

const versions = (secret, draw) => {
  const place = `${path}/${api.id(secret.name)}`;
  const rows = [...(secret.versions ?? [])].reverse();
  const change = (verb, version) => async () => {
    await api.post(`${place}/${verb}`, { version }, { 'If-Match': `"${secret.latest}"` });
    await draw();
  };
  return h('section', { class: 'panel' }, h('h2', {}, t('secrets.versions')), h('div', { class: 'scroll' }, h('table', { 'data-test': 'versions' },
    h('thead', {}, h('tr', {}, ['field.version', 'field.state', 'field.created', 'field.created_by', 'field.expires', 'field.size', ''].map((key) => h('th', {}, key ? t(key) : '')))),
    h('tbody', {}, rows.map((version, index) => h('tr', {},
      h('td', {}, String(version.version), version.version === secret.version ? h('span', { class: 'tag' }, t('secrets.active')) : null),
      h('td', {}, state(version.state)), h('td', {}, time(version.created)), h('td', {}, version.created_by), h('td', {}, time(version.expires, t('apikeys.never'))),
      h('td', {}, bytes(version.size)), h('td', {}, h('div', { class: 'row' },
        version.state === 'live' ? button('reveal', async () => {
          const value = await valueOf(secret.name, version.version);
          await showSecret(`${secret.name} · ${version.version}`, value, t('secret.minute'));
        }, { test: `reveal-${version.version}` }) : null,
        version.state === 'live' && rows[index + 1]?.state === 'live' ? button('compare', () => difference(secret.name, rows[index + 1].version, version.version)) : null,
        version.state === 'live' && version.version !== secret.version ? button('rollback', change('activate', version.version), { test: `activate-${version.version}` }) : null,
        version.state === 'deleted' ? button('undelete', change('undelete', version.version)) : null,
        version.state !== 'destroyed' ? button('destroy', async () => {
          if (!await confirm(t('secrets.destroyTitle'), t('secrets.destroyText', { version: version.version }), secret.name, t('do.destroy'))) return;
          await change('destroy', version.version)();
        }, { danger: true }) : null))))))));
};

const one = async (root, name) => {
  const place = `${path}/${api.id(name)}`;
  const draw = async () => {
    const secret = await api.get(place);
    const newVersion = () => {
      const made = form.make([{ name: 'value', kind: 'secret-area', label: 'secret.value' }, { name: 'expires', kind: 'moment', help: 'help.never' }]);
      return editor(t('secrets.newVersion'), made, async (values) => {
        await put(name, { ...values, value: values.value ?? '' }, { 'If-Match': `"${secret.latest}"` });
        return true;
      });
    };
    detail(root, 'secrets', secret.name, secret.deleted ? state('deleted') : null, [
      secret.deleted ? button('undelete', async () => { await api.post(`${place}/undelete`); await draw(); }) : button('newVersion', async () => { if (await newVersion()) { toast(t('done.saved')); await draw(); } }),
      button('edit', async () => { if (await edit(path, { ...secret, id: secret.name, revision: secret.latest }, settings)) await draw(); }),
      secret.deleted ? null : button('delete', async () => {
        await api.request('DELETE', place);
        toast(t('done.deleted', { name }), { label: t('do.undo'), action: async () => { await api.post(`${place}/undelete`).catch(failed); await draw().catch(failed); } });
        await draw();
      }, { danger: true }),
    ],
    h('section', { class: 'panel' }, facts([
      ['field.version', secret.version === null ? '–' : String(secret.version)], ['field.created', time(secret.created)], ['field.updated', time(secret.updated)],
      ['field.expires', time(secret.expires, t('apikeys.never'))], ['field.tags', tags(secret.tags)],
      ['field.metadata', Object.entries(secret.metadata ?? {}).map(([key, value]) => `${key}=${value}`).join(', ')], ['field.keep_last', number(secret.keep_last)],
    ])),
    versions(secret, draw));
  };
  await draw();
  const again = redraw(root, draw, 300);
  return { change: (event) => { if (event.noun === 'secret' && event.name === name) again(); }, resync: again };
};
