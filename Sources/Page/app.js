// The frame: who is logged in, which section is shown, and what happens to the daemon meanwhile.
import * as api from './api.js';
import * as login from './login.js';
import * as live from './live.js';
import { failed } from './dialog.js';
import { fill, h } from './dom.js';
import { language, setLanguage, t } from './text.js';

const sections = ['overview', 'credentials', 'pools', 'apikeys', 'secrets', 'policies', 'schedules', 'audit', 'backups', 'settings'];
const app = document.getElementById('app');
let session = null;
let view = {};
let turn = 0;

// MARK: Appearance

const theme = localStorage.getItem('coffer.theme');
if (theme) document.documentElement.dataset.theme = theme;
const switchTheme = () => {
  const isDark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = isDark ? 'light' : 'dark';
  localStorage.setItem('coffer.theme', document.documentElement.dataset.theme);
};

// MARK: Notices

const banner = document.getElementById('banner');
let bannerTimer;
const notice = (kind, ...content) => {
  clearTimeout(bannerTimer);
  fill(banner, kind ? h('div', { class: kind, 'data-test': `banner-${kind}` }, content) : null);
};

let isLocked = false;
const locked = () => {
  if (isLocked) return;
  isLocked = true;
  notice('bad', t('locked.text'), h('code', {}, 'coffer unlock'));
  const look = async () => {
    try { await api.get('/v1/session'); unlocked(); } catch (problem) { if (problem.code === 'locked' || problem.status === 0) setTimeout(look, 2_000); else unlocked(); }
  };
  setTimeout(look, 2_000);
};
const unlocked = () => {
  if (!isLocked) return;
  isLocked = false;
  notice('good', t('locked.open'));
  bannerTimer = setTimeout(() => notice(null), 4_000);
  start();
};
const lost = () => { if (!isLocked) notice('lost', t('live.lost')); };
const back = () => {
  if (isLocked) return;
  notice('good', t('live.back'));
  bannerTimer = setTimeout(() => notice(null), 4_000);
  view.resync?.();
};

// MARK: Frame

const frame = () => {
  const main = h('main', { class: 'main', id: 'main', tabindex: '-1' });
  const side = h('header', { class: 'side' },
    h('div', { class: 'brand' }, h('img', { src: '/page/icon.svg', alt: '' }), 'Coffer',
      h('button', { class: 'menu-button', 'aria-label': t('do.menu'), 'aria-expanded': 'false', 'data-test': 'menu', onclick: (event) => event.target.setAttribute('aria-expanded', String(side.classList.toggle('open'))) }, '☰')),
    h('nav', { 'aria-label': t('do.menu') }, sections.map((name) => h('a', { href: `#/${name}`, 'data-test': `nav-${name}` }, t(`section.${name}`)))),
    h('div', { class: 'rest' },
      h('span', { class: 'dim small', 'data-test': 'who' }, `${session.login} · ${session.tenant}`),
      h('div', { class: 'row' },
        h('button', { 'data-test': 'language', onclick: () => setLanguage(language === 'en' ? 'zh' : 'en') }, language === 'en' ? '中文' : 'English'),
        h('button', { 'data-test': 'theme', onclick: switchTheme, 'aria-label': t('do.theme') }, '◐'),
        h('button', { 'data-test': 'logout', onclick: logOut }, t('login.leave')))));
  fill(app, h('div', { class: 'frame' }, side, main));
  return main;
};

const route = async () => {
  if (!session) return;
  const mine = ++turn;
  const [, section = 'overview', name = ''] = location.hash.split('/');
  const known = sections.includes(section) ? section : 'overview';
  document.querySelectorAll('dialog').forEach((dialog) => dialog.close());
  document.querySelector('.side')?.classList.remove('open');
  for (const link of document.querySelectorAll('.side nav a')) {
    if (link.getAttribute('href') === `#/${known}`) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
  }
  document.title = `${t(`section.${known}`)} · Coffer`;
  view.leave?.();
  view = {};
  const old = document.getElementById('main');
  // What it still gets is for nobody.
  if (old) old.dataset.left = '1';
  // Each section has a place of its own: one that comes late writes where nobody looks.
  const root = h('main', { class: 'main', id: 'main', tabindex: '-1' });
  try {
    const module = await import(`./${known}.js`);
    const shown = await module.show(root, decodeURIComponent(name), session);
    if (mine !== turn) { shown?.leave?.(); return; }
    view = shown ?? {};
  } catch (problem) {
    if (mine !== turn) return;
    fill(root, h('div', { class: 'head' }, h('h1', {}, t(`section.${known}`))),
      h('div', { class: 'panel empty', 'data-test': 'page-problem' }, h('b', {}, problem.status === 403 ? t('problem.denied') : problem.status === 404 ? t('problem.gone') : t('problem.failed')), problem.message));
  }
  (document.getElementById('main') ?? old)?.replaceWith(root);
  root.dataset.shown = known;
};

const logOut = async () => {
  live.stop();
  try { await api.request('DELETE', '/v1/session'); } catch (problem) { if (problem.status !== 401) failed(problem); }
  ended();
};

const ended = () => {
  live.stop();
  document.querySelectorAll('dialog').forEach((dialog) => dialog.close());
  view.leave?.();
  view = {};
  session = null;
  api.setSession(null);
  login.show(app, begin);
};

const begin = (data) => {
  session = data;
  api.setSession(data);
  frame();
  live.start({
    change: (event) => view.change?.(event), resync: () => view.resync?.(), lost, back, locked, unlocked, end: ended,
  });
  route();
};

const start = async () => {
  try {
    const { data } = await api.request('GET', '/v1/session', { isLogin: true });
    if (data) begin(data); else login.show(app, begin);
  } catch (problem) {
    if (problem.code === 'locked' || problem.status === 0) fill(app, h('main', { class: 'main' }, h('div', { class: 'empty', 'data-test': 'waiting' }, h('b', {}, problem.status === 0 ? t('live.lost') : t('locked.title')))));
    else login.show(app, begin);
    if (problem.status === 0) setTimeout(start, 2_000);
  }
};

api.on('lost', lost);
api.on('back', back);
api.on('locked', locked);
api.on('loggedOut', () => { if (session) ended(); });
api.on('stepUp', login.stepUp);
addEventListener('hashchange', route);
start();
