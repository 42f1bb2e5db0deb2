// Backups: those that the daemon takes and proves by itself, and one for now.
import * as api from './api.js';
import { button, facts, redraw } from './collection.js';
import { editor, toast } from './dialog.js';
import { fill, h } from './dom.js';
import * as form from './form.js';
import { good } from './state.js';
import { bytes, t, time, word } from './text.js';

/** The file goes to the disk as it comes, encrypted by the daemon. */
const download = () => {
  const made = form.make([{ name: 'recipients', kind: 'list', label: 'backups.recipients', help: 'backups.recipientsHelp' }]);
  return editor(t('backups.downloadTitle'), made, async (values) => {
    await api.mayShow();
    const response = await api.request('POST', '/v1/backups/download', { body: values, raw: true });
    const url = URL.createObjectURL(await response.blob());
    const anchor = h('a', { href: url, download: `coffer-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')}.age` });
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    toast(t('backups.downloaded'));
    return true;
  }, t('do.download'));
};

/** The daemon opens it again with its rehearsal identity; without one it says where that can be done. */
const verify = async (file, draw) => {
  const found = await api.post(`/v1/backups/${api.id(file)}/verify`);
  await draw();
  if (!found.whole) throw new Error(t('backups.broken', { file, problem: found.problem }));
  toast(t('backups.whole', { file }));
};

export const show = async (root) => {
  const draw = async () => {
    const data = await api.get('/v1/backups');
    const isOff = !data.folder;
    fill(root, h('div', { class: 'head' }, h('h1', {}, t('section.backups')),
      isOff ? null : good(!data.overdue, data.overdue ? t('backups.overdue') : t('backups.inTime')),
      h('div', { class: 'row' }, button('download', download),
        isOff ? null : button('backUpNow', async () => { const backup = await api.post('/v1/backups'); toast(t('backups.taken', { file: backup.file })); await draw(); }))),
    isOff ? h('div', { class: 'panel empty' }, h('b', {}, t('backups.off')), t('backups.offMore'), h('pre', {}, 'backups:\n  folder: /var/backups/coffer\n  recipients: [age1…]'))
      : [h('div', { class: 'panel' }, facts([
        ['backups.folder', data.folder], ['backups.next', time(data.next_run)], ['backups.lastProven', time(data.last_proven)], ['backups.lastError', data.last_error],
      ])),
      h('div', { class: 'panel' }, h('div', { class: 'scroll' }, h('table', {},
        h('thead', {}, h('tr', {}, ['backups.file', 'field.created', 'field.size', 'backups.proof', 'backups.proven'].map((key) => h('th', {}, t(key))), h('th'))),
        h('tbody', { 'data-test': 'rows' }, data.items.map((item) => h('tr', {}, h('td', {}, h('code', {}, item.file)), h('td', {}, time(item.created)), h('td', {}, bytes(item.size)),
          h('td', {}, good(item.proof !== null, item.proof === null ? t('backups.unproven') : word('proof', item.proof))), h('td', {}, time(item.proven)),
            h('td', {}, button('verifyBackup', () => verify(item.file, draw)))))))))],
    h('p', { class: 'dim' }, t('backups.verifyHelp'), ' ', h('code', {}, 'coffer backup verify FILE --identity FILE')));
  };
  await draw();
  const again = redraw(root, draw, 500);
  return { resync: again };
};
