// Settings: doors and their documentation, providers, sinks, users, slots, and what the daemon finds in itself.
import * as api from './api.js';
import { button, create, edit, redraw, remove } from './collection.js';
import { confirm, editor, showSecret, toast } from './dialog.js';
import { fill, h } from './dom.js';
import * as form from './form.js';
import { good, state } from './state.js';
import { number, t, time, word } from './text.js';

const panel = (title, buttons, ...content) => h('section', { class: 'panel' }, h('h2', {}, t(title), h('div', { class: 'row' }, buttons)), content);

const lines = (items, draw) => (items.length === 0 ? h('p', { class: 'dim' }, t('list.none')) : h('ul', { class: 'lines' }, items.map((item) => h('li', {}, draw(item)))));

const doors = (settings, fields) => panel('settings.doors', [],
  lines(settings.doors, (door) => [
    h('span', { class: 'grow' }, h('b', {}, door.id), ' ', h('code', {}, door.listen)), h('span', { class: 'dim' }, door.tls ? t('settings.tls') : t('settings.noTLS')),
    door.docs ? h('a', { href: door.docs }, t('settings.docs')) : null,
  ]),
  fields.length === 0 ? null : lines(fields, (field) => [
    h('span', { class: 'grow' }, `${field.door} ${field.field}`, ' ', h('span', { class: 'dim small' }, field.description)),
    state(field.set ? 'enabled' : 'empty'),
    button('setValue', () => {
      const made = form.make([{ name: 'secret', kind: 'secret', label: 'settings.value' }]);
      return editor(`${field.door} ${field.field}`, made, (values) => api.request('PATCH', `/v1/door-settings/${api.id(field.id)}`, { body: { secret: values.secret ?? '' } }));
    }),
  ]));

const provider = async (name) => {
  const record = name ? await api.get(`/v1/providers/${api.id(name)}`) : { source: '' };
  const made = form.make([{ name: 'source', kind: 'area', label: 'settings.source', value: record.source ?? '' }]);
  made.input('source').rows = 20;
  return editor(name ? t('do.editTitle', { name }) : t('settings.addProvider'), made, async (values) => {
    await api.post('/v1/providers', values);
    toast(t('done.saved'));
    return true;
  });
};

const providers = (items, draw) => panel('settings.providers', button('add', async () => { if (await provider(null)) await draw(); }, { test: 'add-provider' }),
  lines(items, (item) => [
    h('span', { class: 'grow' }, h('b', {}, item.name), ' ', item.title), h('span', { class: 'dim' }, t('settings.usedBy', { count: number(item.credentials) })),
    item.built_in ? h('span', { class: 'tag' }, t('settings.builtIn')) : null, button('edit', async () => { if (await provider(item.name)) await draw(); }),
    item.built_in ? null : button('delete', async () => { if (await remove('/v1/providers', item)) await draw(); }, { danger: true }),
  ]));

const sinkFields = [
  { name: 'name' }, { name: 'path' }, { name: 'encoding', kind: 'select', options: ['json', 'env', 'plain'] }, { name: 'header', kind: 'area' }, { name: 'element', kind: 'area' },
  { name: 'separator', kind: 'area' }, { name: 'footer', kind: 'area' }, { name: 'target', value: '*', help: 'help.target' }, { name: 'action', optional: true, help: 'help.sinkAction' },
  { name: 'enabled', kind: 'flag', value: true },
];

const sinks = (items, draw) => panel('settings.sinks', button('add', async () => { if (await create(t('settings.addSink'), '/v1/sinks', sinkFields)) await draw(); }, { test: 'add-sink' }),
  lines(items, (item) => [
    h('span', { class: 'grow' }, h('b', {}, item.name), ' ', h('code', {}, item.path), item.error ? h('div', { class: 'problem' }, item.error) : null), time(item.last_write),
    button('run', async () => { toast((await api.post(`/v1/sinks/${api.id(item.id)}/run`)).result || t('done.done')); await draw(); }),
    button('edit', async () => { if (await edit('/v1/sinks', item, sinkFields)) await draw(); }),
    button('delete', async () => { if (await remove('/v1/sinks', item)) await draw(); }, { danger: true }),
  ]));

const userFields = [
  { name: 'name' }, { name: 'role', kind: 'select', options: ['common', 'admin', 'root'] }, { name: 'display_name', optional: true }, { name: 'email', optional: true },
  { name: 'wallet', optional: true, help: 'help.wallet' },
];

const tokens = async (user, draw) => {
  const { items } = await api.get(`/v1/tokens${api.query({ user: user.name, limit: 1000 })}`);
  const name = h('input', { placeholder: t('settings.tokenName'), 'aria-label': t('settings.tokenName') });
  const box = h('div', { class: 'stack' },
    lines(items, (token) => [h('span', { class: 'grow' }, token.name || `#${token.number}`), h('span', { class: 'dim' }, t('settings.lastUsed'), ' ', time(token.last_used)),
      button('revoke', async () => {
        if (!await confirm(t('settings.revokeTitle'), t('settings.revokeText'), token.name || String(token.number), t('do.revoke'))) return;
        await api.request('DELETE', `/v1/tokens/${api.id(token.id)}`);
        await draw();
      }, { danger: true })]),
    h('div', { class: 'row' }, name, button('addToken', async () => {
      const token = await api.post('/v1/tokens', { user: user.name, name: name.value }, api.once());
      await showSecret(t('settings.token'), token.secret, t('apikeys.once'));
      await draw();
    })));
  return box;
};

const users = (items, me, mine, draw) => panel('settings.users', button('add', async () => {
  if (await create(t('settings.addUser'), '/v1/users', [...userFields, { name: 'secret.', kind: 'secret', label: 'login.password' }], true)) await draw();
}, { test: 'add-user' }),
lines(items, (item) => [
  h('span', { class: 'grow' }, h('b', {}, item.name), ' ', item.display_name), h('span', { class: 'dim' }, word('role', item.role)), state(item.enabled ? 'enabled' : 'disabled'),
  item.name === me ? null : button(item.enabled ? 'disable' : 'enable', async () => {
    await api.request('PATCH', `/v1/users/${api.id(item.id)}`, { body: { enabled: !item.enabled }, headers: { 'If-Match': `"${item.revision}"` } });
    await draw();
  }),
  button('edit', async () => { if (await edit('/v1/users', item, [...userFields, { name: 'secret.', kind: 'secret', label: 'settings.newPassword' }], true)) await draw(); }),
  item.name === me ? null : button('delete', async () => { if (await remove('/v1/users', item)) await draw(); }, { danger: true }),
]), h('h3', {}, t('settings.myTokens')), mine);

const doctor = (items) => panel('settings.doctor', [], lines(items, (item) => [
  good(item.level === 'good', word('level', item.level)), h('span', { class: 'grow' }, h('b', {}, item.check), ' ', item.text),
]));

const slots = (items) => panel('settings.slots', [], lines(items, (slot) => [
  h('span', { class: 'grow' }, h('b', {}, word('slot', slot.kind)), ' ', slot.label), slot.in_use ? h('span', { class: 'tag' }, t('settings.inUse')) : null, time(slot.created),
]), h('p', { class: 'dim small' }, t('settings.slotsHelp'), ' ', h('code', {}, 'coffer slot add')));

export const show = async (root, name, session) => {
  // Whoever may not see one of them sees the others.
  const part = async (path) => { try { return await api.get(path); } catch (problem) { if (problem.status === 403) return null; throw problem; } };
  const draw = async () => {
    const [settings, fields, found, files, people, findings, places] = await Promise.all([
      part('/v1/settings'), part('/v1/door-settings?limit=1000'), part('/v1/providers?limit=1000'), part('/v1/sinks?limit=1000'), part('/v1/users?limit=1000'),
      part('/v1/doctor'), part('/v1/slots'),
    ]);
    const mine = await tokens({ name: session.login }, draw).catch(() => null);
    fill(root, h('div', { class: 'head' }, h('h1', {}, t('section.settings')), settings ? h('span', { class: 'dim' }, `Coffer ${settings.version}`) : null,
      h('a', { class: 'button', href: '/docs' }, t('settings.api'))),
    settings ? doors(settings, (fields?.items ?? []).filter((field) => settings.doors.some((door) => door.id === field.door))) : null, found ? providers(found.items, draw) : null, files ? sinks(files.items, draw) : null,
    people ? users(people.items, session.login, mine, draw) : null, places ? slots(places.items) : null, findings ? doctor(findings.items) : null);
  };
  await draw();
  const again = redraw(root, draw, 800);
  return { resync: again };
};
