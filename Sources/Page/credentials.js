// Credentials: identities at other systems, and how their tokens are kept alive.
import * as api from './api.js';
import { button, create, detail, edit, facts, link, list, redraw, remove, tags } from './collection.js';
import * as importing from './credential-import.js';
import { failed, showSecret, toast } from './dialog.js';
import { fill, h } from './dom.js';
import { state } from './state.js';
import { t, time, word } from './text.js';

const path = '/v1/credentials';
const states = ['fresh', 'due', 'claimed', 'dialled', 'cooling', 'suspect', 'needs-person', 'dead', 'disabled', 'empty'];

const fields = (providers) => [
  { name: 'name' }, { name: 'provider', kind: 'select', options: providers }, { name: 'email', optional: true }, { name: 'client_id', optional: true },
  { name: 'tags', kind: 'list', help: 'help.lines' }, { name: 'memo', kind: 'area', optional: true }, { name: 'enabled', kind: 'flag', value: true },
  { name: 'parameters', kind: 'map', help: 'help.map' },
];
const secretFields = ['refresh', 'access', 'session', 'username', 'password', 'client_secret', 'proxy'].map((name) => ({
  name: `secret.${name}`, kind: name === 'username' ? 'text' : 'secret', label: `secret.${name}`, optional: true,
}));

const providers = async () => (await api.get('/v1/providers?limit=1000')).items.map((one) => ({ value: one.name, label: one.title ? `${one.name} (${one.title})` : one.name }));

const act = async (name, ids) => {
  const { results } = await api.post(`${path}/acts`, { act: name, ids });
  const bad = results.filter((result) => !result.ok);
  toast(t('batch.done', { good: results.length - bad.length, bad: bad.length }) + (bad.length ? `: ${bad[0].id}: ${bad[0].detail}` : ''), { bad: bad.length > 0 });
};

const result = (record) => [record.result ? word('result', record.result) : '–', ' ', record.result_time ? time(record.result_time) : ''];

export const show = async (root, name) => (name ? one(root, name) : all(root));

const all = async (root) => {
  const view = list(root, {
    section: 'credentials', path, add: async () => {
      try {
        const record = await create(t('credentials.addTitle'), path, [...fields(await providers()), ...secretFields], true);
        if (record?.id) location.hash = `#/credentials/${encodeURIComponent(record.id)}`;
      } catch (problem) { failed(problem); }
    },
    actions: [h('button', { 'data-test': 'import', onclick: () => importing.open().then((done) => done && view.refresh()) }, t('do.import'))],
    filters: [{ name: 'contains', label: 'filter.name' },
      { name: 'state', label: 'filter.state', options: states.map((value) => ({ value, label: word('state', value) })) }, { name: 'tag', label: 'filter.tag' }],
    batch: ['refresh', 'check', 'enable', 'disable'].map((act_) => ({ name: act_, run: (ids) => act(act_, ids) })).concat({
      name: 'delete', danger: true, run: async (ids) => {
        await api.post(`${path}/delete`, { ids });
        toast(t('batch.deleted', { count: ids.length }), {
          label: t('do.undo'), action: async () => { for (const id of ids) await api.post(`${path}/${api.id(id)}/undelete`).catch(failed); view.refresh(); },
        });
      },
    }),
    columns: [
      { label: 'field.name', cell: (record) => link('credentials', record.id) }, { label: 'field.state', cell: (record) => state(record.state) },
      { label: 'field.provider', cell: (record) => record.provider, late: true },
      { label: 'field.next_refresh', cell: (record) => h('span', { title: record.next_refresh_why ?? '' }, time(record.next_refresh)), late: true },
      { label: 'field.last_refresh', cell: (record) => time(record.last_refresh), late: true },
      { label: 'field.result', cell: result, late: true }, { label: 'field.tags', cell: (record) => tags(record.tags), late: true },
    ],
  });
  await view.load();
  return { change: (event) => { if (event.noun === 'credential') view.refresh(event.name); }, resync: () => view.refresh() };
};

const tokens = (record) => (record.tokens ?? []).length === 0 ? h('p', { class: 'dim' }, t('credentials.noTokens'))
  : h('ul', { class: 'lines' }, record.tokens.map((token) => h('li', {}, h('span', { class: 'grow' }, token.kind),
    h('span', { class: 'dim' }, token.expires ? [t('credentials.expires'), ' ', time(token.expires)] : t('credentials.expiryUnknown')),
    button('reveal', async () => {
      await api.mayShow();
      const answer = await api.post(`${path}/${api.id(record.id)}/reveal`, { field: token.kind });
      await showSecret(`${record.name}: ${token.kind}`, answer.secret, t('secret.minute'));
    }, { test: `reveal-${token.kind}` }))));

const history = (record) => (record.history ?? []).length === 0 ? h('p', { class: 'dim' }, t('credentials.noHistory'))
  : h('ul', { class: 'lines', 'data-test': 'history' }, [...record.history].reverse().map((entry) => h('li', {}, time(entry.time),
    h('span', { class: 'grow' }, `${word('state', entry.from)} → ${word('state', entry.to)}`), h('span', { class: 'dim' }, entry.why ?? ''))));

const one = async (root, name) => {
  const place = `${path}/${api.id(name)}`;
  const draw = async () => {
    const record = await api.get(place);
    const run = (what) => async () => {
      const answer = await api.post(`${place}/${what}`);
      toast(answer.result || t('done.done'));
      await draw();
    };
    detail(root, 'credentials', record.name, state(record.state), [
      button('refresh', run('refresh')), button('check', run('check')), button('relogin', run('relogin')),
      ['needs-person', 'dead', 'cooling'].includes(record.phase) ? button('revive', run('revive')) : null,
      button(record.enabled ? 'disable' : 'enable', async () => {
        await api.request('PATCH', place, { body: { enabled: !record.enabled }, headers: { 'If-Match': `"${record.revision}"` } });
        await draw();
      }),
      button('edit', async () => { if (await edit(path, record, [...fields(await providers()), ...secretFields], true)) await draw(); }),
      button('delete', async () => {
        const undo = async () => { await api.post(`${place}/undelete`).catch(failed); location.hash = `#/credentials/${api.id(record.name)}`; };
        if (await remove(path, record, { undo })) location.hash = '#/credentials';
      }, { danger: true }),
    ],
    record.reason || record.next_refresh_why ? h('p', { class: 'dim' }, [record.reason, record.next_refresh_why].filter(Boolean).join(' · ')) : null,
    h('div', { class: 'grid' },
      h('section', { class: 'panel' }, h('h2', {}, t('credentials.standing')), facts([
        ['field.provider', record.provider], ['field.access_expires', time(record.access_expires)], ['field.next_refresh', time(record.next_refresh)],
        ['field.last_refresh', time(record.last_refresh)], ['field.result', result(record)], ['field.last_check', time(record.last_check)],
        ['field.failures', String(record.failures ?? 0)], ['field.until', time(record.until)],
      ])),
      h('section', { class: 'panel' }, h('h2', {}, t('credentials.about')), facts([
        ['field.email', record.email], ['field.client_id', record.client_id], ['field.tags', tags(record.tags)], ['field.memo', record.memo],
        ['field.secrets', (record.secrets ?? []).join(', ')], ['field.parameters', Object.entries(record.parameters ?? {}).map(([k, v]) => `${k}=${v}`).join(', ')],
        ['field.proxy', record.proxy], ['field.created', time(record.created)], ['field.updated', time(record.updated)],
      ])),
      h('section', { class: 'panel' }, h('h2', {}, t('credentials.tokens')), tokens(record)),
      h('section', { class: 'panel' }, h('h2', {}, t('credentials.history')), history(record))));
  };
  await draw();
  const again = redraw(root, draw, 300);
  return { change: (event) => { if (event.noun === 'credential' && event.name === name) again(); }, resync: again };
};
