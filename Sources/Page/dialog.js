// Dialogs and notices.
import { add, fill, h } from './dom.js';
import { t } from './text.js';

export const toast = (text, { bad = false, action, label } = {}) => {
  const element = h('div', { class: bad ? 'toast bad' : 'toast', 'data-test': bad ? 'toast-bad' : 'toast' }, h('span', {}, text));
  if (action) element.append(h('button', { 'data-test': 'toast-action', onclick: () => { element.remove(); action(); } }, label));
  document.getElementById('toasts').append(element);
  setTimeout(() => element.remove(), action ? 12_000 : bad ? 9_000 : 4_000);
};

/** Whoever changed their mind is told nothing. */
export const failed = (problem) => { if (!problem.isCancelled) toast(problem.message || String(problem), { bad: true }); };

/** Opens a dialog; `build` gets its body and a way to close it. Resolves with what it was closed with. */
export const open = (title, build, { broad = false, test = 'dialog' } = {}) => new Promise((resolve) => {
  let result;
  const body = h('div', { class: 'stack' });
  const dialog = h('dialog', { class: broad ? 'broad' : '', 'aria-label': title, 'data-test': test }, h('h2', {}, title), body);
  const close = (value) => { result = value; dialog.close(); };
  dialog.addEventListener('close', () => { dialog.remove(); resolve(result); });
  document.body.append(dialog);
  build(body, close, dialog);
  dialog.showModal();
});

/** Asks before something that cannot be undone: the reader types a name, or a count. */
export const confirm = (title, text, expected, label = t('do.delete')) => open(title, (body, close) => {
  const input = h('input', { 'data-test': 'confirm-input', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
  const button = h('button', { class: 'danger', type: 'submit', disabled: expected !== null, 'data-test': 'confirm' }, label);
  input.addEventListener('input', () => { button.disabled = input.value !== expected; });
  body.append(h('form', { onsubmit: (event) => { event.preventDefault(); if (!button.disabled) close(true); } },
    h('p', {}, text),
    expected === null ? null : h('label', { class: 'field' }, h('span', {}, t('confirm.type', { what: expected })), input),
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => close(false) }, t('do.cancel')), button)));
}, { test: 'confirm-dialog' });

/** Shows a secret for a minute, or until the dialog is closed. */
export const showSecret = (title, value, note = '') => open(title, (body, close, dialog) => {
  const text = h('div', { class: 'secret-value', 'data-test': 'secret-value' }, value);
  const timer = setTimeout(() => close(), 60_000);
  dialog.addEventListener('close', () => { clearTimeout(timer); text.textContent = ''; });
  add(body, [
    note ? h('p', { class: 'dim' }, note) : null, text,
    h('div', { class: 'actions' },
      h('button', { onclick: async () => { await navigator.clipboard?.writeText(value); toast(t('done.copied')); } }, t('do.copy')),
      h('button', { class: 'primary', 'data-test': 'secret-close', onclick: () => close() }, t('do.close'))),
  ]);
}, { test: 'secret-dialog' });

/** A form in a dialog. `fields` as in form.js; `save` sends what was typed and may throw a problem, which is shown where it belongs. */
export const editor = (title, form, save, label = t('do.save')) => open(title, (body, close) => {
  const problem = h('p', { class: 'problem hidden', role: 'alert', 'data-test': 'form-problem' });
  const button = h('button', { class: 'primary', type: 'submit', 'data-test': 'save' }, label);
  const submit = async (event) => {
    event.preventDefault();
    problem.classList.add('hidden');
    form.clear();
    button.disabled = true;
    try {
      close(await save(form.values()) ?? true);
    } catch (error) {
      if (!error.isCancelled && !form.mark(error.field, error.message)) { problem.textContent = error.message; problem.classList.remove('hidden'); }
      if (error.resolve) fill(body, element, error.resolve(close));
    } finally {
      button.disabled = false;
    }
  };
  const element = h('form', { onsubmit: submit, novalidate: true }, form.element, problem, h('div', { class: 'actions' },
    h('button', { type: 'button', onclick: () => close(undefined) }, t('do.cancel')), button));
  body.append(element);
}, { test: 'editor' });
