// Fields of a form: made from a description, read as the API wants them.
import { h } from './dom.js';
import { t } from './text.js';

const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** `name=value` on each line. */
const pairs = (text) => Object.fromEntries(lines(text).map((line) => {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}));

const local = (moment) => {
  const date = new Date(Number(moment));
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** How a value of the API stands in its control, and back. */
const kinds = {
  text: { control: (f) => h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' }), show: (v) => v ?? '', read: (v) => v },
  number: { control: () => h('input', { type: 'number', min: '0', step: '1' }), show: (v) => v ?? '', read: (v) => (v === '' ? undefined : Number(v)) },
  secret: { control: () => h('input', { type: 'password', autocomplete: 'new-password' }), show: () => '', read: (v) => (v === '' ? undefined : v) },
  area: { control: () => h('textarea', { spellcheck: 'false' }), show: (v) => v ?? '', read: (v) => v },
  'secret-area': { control: () => h('textarea', { spellcheck: 'false', autocomplete: 'off' }), show: () => '', read: (v) => (v === '' ? undefined : v) },
  list: { control: () => h('textarea', { spellcheck: 'false' }), show: (v) => (v ?? []).join('\n'), read: lines },
  map: { control: () => h('textarea', { spellcheck: 'false' }), show: (v) => Object.entries(v ?? {}).map(([k, x]) => `${k}=${x}`).join('\n'), read: pairs },
  moment: { control: () => h('input', { type: 'datetime-local' }), show: (v) => (v ? local(v) : ''), read: (v) => (v === '' ? null : new Date(v).getTime()) },
  flag: { control: () => h('input', { type: 'checkbox' }), show: (v) => v === true, read: (v) => v },
};

const control = (field) => {
  if (field.kind === 'select') {
    return h('select', {}, field.options.map((option) => h('option', { value: option.value ?? option }, option.label ?? option)));
  }
  return kinds[field.kind ?? 'text'].control(field);
};

/** A form of these fields: { name, label, kind, help, options, value }. */
export const make = (fields, record = {}) => {
  const parts = fields.map((field) => {
    const kind = kinds[field.kind] ?? kinds.text;
    const input = control(field);
    const problem = h('span', { class: 'problem hidden', role: 'alert' });
    const shown = field.name in record ? record[field.name] : field.value;
    if (field.kind === 'flag') input.checked = kind.show(shown);
    else if (shown !== undefined && shown !== null) input.value = kind.show(shown);
    input.dataset.test = `field-${field.name}`;
    const label = t(field.label ?? `field.${field.name}`);
    const help = field.help ? h('span', { class: 'small dim' }, t(field.help)) : null;
    const element = field.kind === 'flag'
      ? h('div', {}, h('label', { class: 'check' }, input, label), help, problem)
      : h('label', { class: 'field' }, h('span', {}, label), input, help, problem);
    const start = field.kind === 'flag' ? input.checked : input.value;
    return {
      field, input, problem, element,
      isChanged: () => (field.kind === 'flag' ? input.checked : input.value) !== start,
      read: () => (field.kind === 'flag' ? input.checked : kind.read(input.value)),
    };
  });
  return {
    element: h('div', { class: 'stack' }, parts.map((part) => part.element)),
    /** What was typed; `changed` leaves out what is as it was. */
    values: (changed = false) => {
      const values = {};
      for (const part of parts) {
        if (changed && !part.isChanged()) continue;
        const value = part.read();
        if (value !== undefined && !(part.field.optional && (value === '' || value === null))) values[part.field.name] = value;
      }
      return values;
    },
    clear: () => {
      for (const part of parts) {
        part.input.removeAttribute('aria-invalid');
        part.problem.classList.add('hidden');
      }
    },
    /** Shows a problem at its field; false where there is none of this name. */
    mark: (name, text) => {
      const part = parts.find((one) => one.field.name === name);
      if (!part) return false;
      part.input.setAttribute('aria-invalid', 'true');
      part.problem.textContent = text;
      part.problem.classList.remove('hidden');
      part.input.focus();
      return true;
    },
    input: (name) => parts.find((part) => part.field.name === name)?.input,
  };
};
