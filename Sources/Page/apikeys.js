// API keys that this daemon issues.
import * as api from './api.js';
import { button, create, detail, edit, facts, link, list, redraw, remove, tags } from './collection.js';
import { failed, showSecret, toast } from './dialog.js';
import { h } from './dom.js';
import * as plot from './plot.js';
import { state } from './state.js';
import { number, t, time, word } from './text.js';

const path = '/v1/api-keys';
const limits = [
  { name: 'quota', kind: 'number', help: 'help.quota' }, { name: 'unlimited', kind: 'flag' }, { name: 'expires', kind: 'moment', help: 'help.never' },
  { name: 'models', kind: 'list', help: 'help.lines' }, { name: 'addresses', kind: 'list', help: 'help.addresses' },
  { name: 'requests_per_minute', kind: 'number', value: 0 }, { name: 'tokens_per_day', kind: 'number', value: 0 },
  { name: 'tokens_per_month', kind: 'number', value: 0 }, { name: 'in_flight', kind: 'number', value: 0 },
];
const fields = [{ name: 'name' }, { name: 'group', optional: true }, { name: 'tags', kind: 'list', help: 'help.lines' }, ...limits];
const forms = ['coffer', 'sk', 'ragflow'];

const left = (key) => (key.unlimited ? t('apikeys.unlimited') : number(key.quota));

const add = async () => {
  const record = await create(t('apikeys.addTitle'), path, [fields[0], { name: 'owner', optional: true }, { name: 'form', kind: 'select', options: forms }, ...fields.slice(1)]);
  if (record?.secret) await showSecret(t('apikeys.created', { name: record.name }), record.secret, t('apikeys.once'));
  return record;
};

export const show = async (root, name) => (name ? one(root, name) : all(root));

const all = async (root) => {
  const view = list(root, {
    section: 'apikeys', path, add: () => add().then((record) => record && view.refresh(record.id)).catch(failed),
    filters: [{ name: 'contains', label: 'filter.name' }, { name: 'owner', label: 'filter.owner' },
      { name: 'status', label: 'filter.state', options: ['enabled', 'disabled', 'expired', 'exhausted'].map((value) => ({ value, label: word('state', value) })) }],
    batch: [
      { name: 'disable', run: async (ids) => { for (const id of ids) await api.request('PATCH', `${path}/${api.id(id)}`, { body: { status: 'disabled' } }); toast(t('done.saved')); } },
      { name: 'delete', danger: true, run: async (ids) => { const { deleted } = await api.post(`${path}/delete`, { ids }); toast(t('batch.deleted', { count: deleted })); } },
    ],
    columns: [
      { label: 'field.name', cell: (key) => link('apikeys', key.id, key.name || `#${key.id}`) }, { label: 'field.status', cell: (key) => state(key.status) },
      { label: 'field.hint', cell: (key) => h('code', {}, key.hint), late: true }, { label: 'field.owner', cell: (key) => key.owner || '–', late: true },
      { label: 'field.quota', cell: left, number: true }, { label: 'field.used', cell: (key) => number(key.used), number: true, late: true },
      { label: 'field.expires', cell: (key) => time(key.expires, t('apikeys.never')), late: true },
      { label: 'field.accessed', cell: (key) => time(key.accessed), late: true },
    ],
  });
  await view.load();
  return { change: (event) => { if (event.noun === 'other') view.refresh(); }, resync: () => view.refresh() };
};

const one = async (root, id) => {
  const place = `${path}/${api.id(id)}`;
  const draw = async () => {
    const [key, usage] = await Promise.all([api.get(place), api.get(`${place}/usage?limit=1000`)]);
    const points = [...usage.items].sort((one_, other) => one_.time - other.time);
    const set = (body) => async () => {
      await api.request('PATCH', place, { body, headers: { 'If-Match': `"${key.revision}"` } });
      await draw();
    };
    detail(root, 'apikeys', key.name || `#${key.id}`, state(key.status), [
      key.status === 'disabled' ? button('enable', set({ status: 'enabled' })) : button('disable', set({ status: 'disabled' })),
      key.revealable ? button('reveal', async () => { await api.mayShow(); await showSecret(key.name, (await api.post(`${place}/reveal`)).secret, t('secret.minute')); }) : null,
      button('edit', async () => { if (await edit(path, key, fields)) await draw(); }),
      button('delete', async () => { if (await remove(path, key, { name: key.name || `#${key.id}` })) location.hash = '#/apikeys'; }, { danger: true }),
    ],
    h('div', { class: 'grid' },
      h('section', { class: 'panel' }, h('h2', {}, t('apikeys.limits')), facts([
        ['field.quota', left(key)], ['field.used', number(key.used)], ['field.reserved', number(key.reserved)],
        ['field.expires', time(key.expires, t('apikeys.never'))], ['field.models', tags(key.models)], ['field.addresses', tags(key.addresses)],
        ['field.requests_per_minute', number(key.requests_per_minute)], ['field.tokens_per_day', number(key.tokens_per_day)],
        ['field.tokens_per_month', number(key.tokens_per_month)], ['field.in_flight', number(key.in_flight)],
      ])),
      h('section', { class: 'panel' }, h('h2', {}, t('apikeys.about')), facts([
        ['field.hint', h('code', {}, key.hint)], ['field.form', key.form], ['field.owner', key.owner], ['field.tenant', key.tenant], ['field.group', key.group],
        ['field.tags', tags(key.tags)], ['field.created', time(key.created)], ['field.accessed', time(key.accessed)],
      ])),
      h('section', { class: 'panel wide' }, h('h2', {}, t('apikeys.usage')),
        points.length === 0 ? h('p', { class: 'dim' }, t('apikeys.noUsage')) : plot.line(points, t('apikeys.usage')))));
  };
  await draw();
  const again = redraw(root, draw, 600);
  return { change: (event) => { if (event.noun === 'other') again(); }, resync: again };
};
