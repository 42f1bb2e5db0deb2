// Words and moments in the reader's language.
import en from './en.js';
import zh from './zh.js';

const tables = { en, zh };
const stored = localStorage.getItem('coffer.language');

export let language = tables[stored] ? stored : navigator.language?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';

export const setLanguage = (name) => {
  localStorage.setItem('coffer.language', name);
  location.reload();
};

/** The text of a key; `{name}` stands for a value. */
export const t = (key, values = {}) =>
  (tables[language][key] ?? en[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** A word of the daemon's, such as a state: itself where nobody translated it. */
export const word = (group, name) => {
  const key = `${group}.${name}`;
  return tables[language][key] ?? en[key] ?? name;
};

const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
const steps = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

export const number = (value) => (value === null || value === undefined ? '–' : Number(value).toLocaleString(locale));

export const fullTime = (moment) => full.format(new Date(Number(moment)));

export const ago = (moment, now = Date.now()) => {
  const seconds = Math.round((Number(moment) - now) / 1000);
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? steps.at(-1);
  return relative.format(Math.trunc(seconds / size), unit);
};

/** A moment as an element: how long ago, with the whole of it behind. */
export const time = (moment, none = '–') => {
  if (moment === null || moment === undefined || moment === 0 || moment === '') return none;
  const element = document.createElement('time');
  element.dateTime = new Date(Number(moment)).toISOString();
  element.title = fullTime(moment);
  element.textContent = ago(moment);
  element.className = 'nowrap';
  return element;
};

// Relative times grow old.
setInterval(() => {
  for (const element of document.querySelectorAll('time')) element.textContent = ago(Date.parse(element.dateTime));
}, 10_000);

export const bytes = (count) => {
  if (count === null || count === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Number(count);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};
