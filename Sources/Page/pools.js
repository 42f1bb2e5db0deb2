// Pools: credentials that stand in for each other.
import * as api from './api.js';
import { button, create, detail, edit, facts, link, list, redraw, remove } from './collection.js';
import { confirm, failed, showSecret, toast } from './dialog.js';
import { h } from './dom.js';
import { state } from './state.js';
import { number, t, time, word } from './text.js';

const path = '/v1/pools';
const fields = [{ name: 'name' }, { name: 'provider', optional: true, help: 'help.poolProvider' }, { name: 'memo', kind: 'area', optional: true }];

export const show = async (root, name) => (name ? one(root, name) : all(root));

const all = async (root) => {
  const view = list(root, {
    section: 'pools', path, filters: [{ name: 'contains', label: 'filter.name' }],
    add: async () => {
      try {
        const record = await create(t('pools.addTitle'), path, [...fields, { name: 'members', kind: 'list', help: 'help.members' }]);
        if (record?.id) location.hash = `#/pools/${encodeURIComponent(record.id)}`;
      } catch (problem) { failed(problem); }
    },
    columns: [
      { label: 'field.name', cell: (record) => link('pools', record.id) }, { label: 'field.state', cell: (record) => state(record.state) },
      { label: 'field.live', cell: (record) => `${number(record.live)} / ${number(record.members)}`, number: true },
      { label: 'field.in_flight', cell: (record) => number(record.in_flight), number: true, late: true },
      { label: 'field.own_state', cell: (record) => (record.own_token ? word('state', record.own_state) : '–'), late: true },
      { label: 'field.updated', cell: (record) => time(record.updated), late: true },
    ],
  });
  await view.load();
  return { change: (event) => { if (['pool', 'credential', 'other'].includes(event.noun)) view.refresh(event.name); }, resync: () => view.refresh() };
};

const members = (pool, items, draw) => h('section', { class: 'panel' },
  h('h2', {}, t('pools.members'), button('addMember', async () => {
    if (await create(t('pools.addMember'), '/v1/pool-members', [
      { name: 'pool', value: pool.name }, { name: 'credential' }, { name: 'weight', kind: 'number', value: 1 }, { name: 'in_flight_limit', kind: 'number', value: 0 },
    ])) await draw();
  })),
  items.length === 0 ? h('p', { class: 'dim' }, t('pools.noMembers')) : h('div', { class: 'scroll' }, h('table', { 'data-test': 'members' },
    h('thead', {}, h('tr', {}, ['field.credential', 'field.state', 'field.credential_state', 'field.weight', 'field.in_flight', 'field.until', 'field.verdict', ''].map((key) => h('th', {}, key ? t(key) : '')))),
    h('tbody', {}, items.map((member) => h('tr', {},
      h('td', {}, link('credentials', member.credential)), h('td', {}, state(member.state)), h('td', {}, state(member.credential_state)),
      h('td', { class: 'number' }, number(member.weight)), h('td', { class: 'number' }, number(member.in_flight)), h('td', {}, time(member.until)),
      h('td', {}, member.verdict ? [word('result', member.verdict), ' ', time(member.verdict_time, '')] : '–'),
      h('td', {}, h('div', { class: 'row' },
        button('revive', async () => { await api.post(`${path}/${api.id(pool.id)}/revive`, { credential: member.credential }); await draw(); }),
        button('remove', async () => {
          const name = `${pool.name}/${member.credential}`;
          await api.request('DELETE', `/v1/pool-members/${api.id(member.id)}`);
          toast(t('done.deleted', { name }), {
            label: t('do.undo'), action: async () => {
              await api.post('/v1/pool-members', { pool: pool.name, credential: member.credential, weight: member.weight, in_flight_limit: member.in_flight_limit }).catch(failed);
              await draw();
            },
          });
          await draw();
        }, { danger: true })))))))));

const one = async (root, name) => {
  const place = `${path}/${api.id(name)}`;
  const draw = async () => {
    const [pool, page] = await Promise.all([api.get(place), api.get(`/v1/pool-members?limit=1000&pool=${api.id(name)}`)]);
    const run = (what, options) => async () => {
      const answer = await api.post(`${place}/${what}`, options);
      toast(answer.result || t('done.done'));
      await draw();
    };
    detail(root, 'pools', pool.name, state(pool.state), [
      button('refresh', run('refresh')), button('check', run('check')), button('revive', run('revive')),
      pool.provider ? button('rotate', run('renew')) : null,
      pool.own_token ? button('revoke', async () => {
        if (!await confirm(t('pools.revokeTitle'), t('pools.revokeText'), pool.name, t('do.revoke'))) return;
        await api.request('PATCH', place, { body: { secret: { pool: null } } });
        await draw();
      }, { danger: true }) : null,
      pool.own_token ? button('reveal', async () => {
        await api.mayShow();
        const answer = await api.post(`${place}/reveal`);
        await showSecret(pool.name, answer.secret, t('secret.minute'));
      }) : null,
      button('edit', async () => { if (await edit(path, pool, fields)) await draw(); }),
      button('delete', async () => { if (await remove(path, pool)) location.hash = '#/pools'; }, { danger: true }),
    ],
    h('section', { class: 'panel' }, facts([
      ['field.live', `${number(pool.live)} / ${number(pool.members)}`], ['field.in_flight', number(pool.in_flight)], ['field.provider', pool.provider],
      ['field.own_state', pool.own_token ? state(pool.own_state) : t('pools.noOwn')], ['field.own_expires', time(pool.own_expires)],
      ['field.own_reason', pool.own_reason], ['field.memo', pool.memo], ['field.updated', time(pool.updated)],
    ])),
    members(pool, page.items, draw));
  };
  await draw();
  const again = redraw(root, draw, 300);
  return { change: (event) => { if (['pool', 'credential', 'other'].includes(event.noun)) again(); }, resync: again };
};
