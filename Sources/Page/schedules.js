// Schedules: what happens to credentials at times.
import * as api from './api.js';
import { button, create, detail, edit, facts, link, list, redraw, remove } from './collection.js';
import { failed, toast } from './dialog.js';
import { state } from './state.js';
import { number, t, time } from './text.js';

const path = '/v1/schedules';
const fields = [
  { name: 'name' }, { name: 'action', kind: 'select', options: ['refresh', 'relogin', 'check', 'pool-refresh'] }, { name: 'rule', help: 'help.rule', value: 'daily at 03:00' },
  { name: 'time_zone', optional: true, help: 'help.timeZone' }, { name: 'target', help: 'help.target', value: '*' }, { name: 'target_tag', optional: true },
  { name: 'target_provider', optional: true }, { name: 'target_pool', optional: true }, { name: 'count', kind: 'number', value: 0, help: 'help.count' },
  { name: 'jitter', kind: 'number', value: 0 }, { name: 'enabled', kind: 'flag', value: true },
];

const standing = (record) => state(!record.enabled ? 'disabled' : record.running ? 'running' : Number(record.failures) > 0 ? 'failing' : 'enabled');

export const show = async (root, name) => (name ? one(root, name) : all(root));

const all = async (root) => {
  const view = list(root, {
    section: 'schedules', path,
    add: () => create(t('schedules.addTitle'), path, fields).then((record) => record && view.refresh(record.id)).catch(failed),
    columns: [
      { label: 'field.name', cell: (record) => link('schedules', record.id) }, { label: 'field.state', cell: standing }, { label: 'field.action', cell: (record) => record.action },
      { label: 'field.rule', cell: (record) => record.rule, late: true }, { label: 'field.next_run', cell: (record) => time(record.next_run) },
      { label: 'field.last_run', cell: (record) => time(record.last_run), late: true }, { label: 'field.result', cell: (record) => record.result || '–', late: true },
    ],
  });
  await view.load();
  return { change: (event) => { if (event.noun === 'other') view.refresh(); }, resync: () => view.refresh() };
};

const one = async (root, name) => {
  const place = `${path}/${api.id(name)}`;
  const draw = async () => {
    const record = await api.get(place);
    detail(root, 'schedules', record.name, standing(record), [
      button('run', async () => { const answer = await api.post(`${place}/run`); toast(answer.result || t('done.done')); await draw(); }),
      button(record.enabled ? 'disable' : 'enable', async () => {
        await api.request('PATCH', place, { body: { enabled: !record.enabled }, headers: { 'If-Match': `"${record.revision}"` } });
        await draw();
      }),
      button('edit', async () => { if (await edit(path, record, fields)) await draw(); }),
      button('delete', async () => { if (await remove(path, record)) location.hash = '#/schedules'; }, { danger: true }),
    ], facts([
      ['field.action', record.action], ['field.rule', record.rule], ['field.time_zone', record.time_zone], ['field.target', record.target], ['field.target_tag', record.target_tag],
      ['field.target_provider', record.target_provider], ['field.target_pool', record.target_pool], ['field.next_run', time(record.next_run)], ['field.last_run', time(record.last_run)],
      ['field.succeeded', number(record.succeeded)], ['field.failed', number(record.failed)], ['field.result', record.result],
    ]));
  };
  await draw();
  const again = redraw(root, draw, 500);
  return { change: (event) => { if (event.noun === 'other') again(); }, resync: again };
};
