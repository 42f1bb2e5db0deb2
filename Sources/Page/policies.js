// Policies, and why something is allowed or not.
import * as api from './api.js';
import { button, link, redraw } from './collection.js';
import { confirm, editor, failed, toast } from './dialog.js';
import { fill, h } from './dom.js';
import * as form from './form.js';
import { good } from './state.js';
import { t } from './text.js';

const path = '/v1/policies';
const sample = 'policy: example\nrules:\n  - who: ["login:ci"]\n    tenant: main\n    noun: secret\n    actions: [get]\n    names: ["app/**"]\n';

const write = (name, source, revision) => {
  const made = form.make([{ name: 'source', kind: 'area', label: 'policies.source', value: source }]);
  made.input('source').rows = 16;
  return editor(name ? t('do.editTitle', { name }) : t('policies.addTitle'), made, async ({ source: text }) => {
    if (name) await api.request('PUT', `${path}/${api.id(name)}`, { body: { source: text }, headers: { 'If-Match': `"${revision}"` } });
    else await api.post(path, { source: text });
    toast(t('done.saved'));
    return true;
  });
};

const explain = () => {
  const made = form.make([
    { name: 'who', kind: 'list', label: 'explain.who', help: 'explain.whoHelp' }, { name: 'noun', label: 'explain.noun', value: 'secret' },
    { name: 'action', label: 'explain.action', value: 'get' }, { name: 'name', label: 'explain.name' },
  ]);
  const answer = h('div', { 'data-test': 'explain-answer', 'aria-live': 'polite' });
  return h('section', { class: 'panel' }, h('h2', {}, t('explain.title')), h('form', {
    class: 'stack', onsubmit: async (event) => {
      event.preventDefault();
      made.clear();
      try {
        const verdict = await api.post('/v1/explain', made.values());
        fill(answer, h('p', {}, good(verdict.allowed, verdict.allowed ? t('explain.allowed') : t('explain.denied'))),
          verdict.policy ? h('p', {}, t('explain.by'), ' ', link('policies', verdict.policy), ` ${verdict.rule}`) : null,
          h('ul', {}, verdict.reasons.map((reason) => h('li', {}, reason))));
      } catch (problem) { if (!made.mark(problem.field, problem.message)) failed(problem); }
    },
  }, made.element, h('div', {}, h('button', { class: 'primary', 'data-test': 'explain' }, t('explain.ask'))), answer));
};

export const show = async (root, name) => {
  if (name) return one(root, name);
  const body = h('div', { class: 'panel' });
  const draw = async () => {
    const { items } = await api.get(path);
    fill(body, items.length === 0 ? h('div', { class: 'empty', 'data-test': 'empty' }, h('b', {}, t('policies.empty')), t('policies.emptyMore'))
      : h('ul', { class: 'lines', 'data-test': 'rows' }, items.map((policy) => h('li', {}, link('policies', policy.name)))));
  };
  fill(root, h('div', { class: 'head' }, h('h1', {}, t('section.policies')), h('button', {
    class: 'primary', 'data-test': 'add', onclick: () => write(null, sample).then((done) => done && draw()).catch(failed),
  }, t('do.add'))), body, explain());
  await draw();
  const again = redraw(root, draw, 300);
  return { change: (event) => { if (event.noun === 'other') again(); }, resync: again };
};

const one = async (root, name) => {
  const draw = async () => {
    const policy = await api.get(`${path}/${api.id(name)}`);
    fill(root, h('p', {}, h('a', { href: '#/policies' }, `← ${t('section.policies')}`)),
      h('div', { class: 'head' }, h('h1', { 'data-test': 'title' }, name), h('div', { class: 'row' },
        button('edit', async () => { if (await write(name, policy.source, policy.revision)) await draw(); }),
        button('delete', async () => {
          if (!await confirm(t('confirm.delete', { name }), t('confirm.deleteText'), name)) return;
          await api.request('DELETE', `${path}/${api.id(name)}`);
          location.hash = '#/policies';
        }, { danger: true }))),
      h('pre', { 'data-test': 'source' }, policy.source));
  };
  await draw();
  return {};
};
