// States by colour, shape and word.
import { h } from './dom.js';
import { word } from './text.js';

const kinds = {
  fresh: 'good', live: 'good', ok: 'good', enabled: 'good', due: 'info', claimed: 'info', dialled: 'info', running: 'info', cooling: 'warn', suspect: 'warn',
  'needs-person': 'bad', dead: 'bad', 'no-live-member': 'bad', failing: 'bad', 'in-trouble': 'bad', exhausted: 'warn', expired: 'warn',
  disabled: 'off', empty: 'off', deleted: 'off', destroyed: 'off',
};

export const state = (name, group = 'state') => h('span', { class: `state ${kinds[name] ?? 'off'}`, 'data-state': name }, word(group, name));

export const good = (isGood, text) => h('span', { class: `state ${isGood ? 'good' : 'bad'}` }, text);
