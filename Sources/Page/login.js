// Logging in, and the password once more before values are shown.
import * as api from './api.js';
import { open } from './dialog.js';
import { fill, h } from './dom.js';
import { language, setLanguage, t } from './text.js';

export const show = (root, done) => {
  const name = h('input', { name: 'login', autocomplete: 'username', required: true, 'data-test': 'login-name', autocapitalize: 'off' });
  const password = h('input', { type: 'password', autocomplete: 'current-password', required: true, 'data-test': 'login-password' });
  const problem = h('p', { class: 'problem', role: 'alert', 'data-test': 'login-problem' });
  const submit = async (event) => {
    event.preventDefault();
    problem.textContent = '';
    try {
      const { data } = await api.request('POST', '/v1/session', { body: { login: name.value, password: password.value }, isLogin: true });
      password.value = '';
      done(data);
    } catch (error) {
      password.value = '';
      problem.textContent = error.code === 'unauthorized' ? t('login.wrong') : error.status === 429 ? t('login.wait', { seconds: error.retryAfter }) : error.message;
      password.focus();
    }
  };
  fill(root, h('main', { class: 'login' }, h('form', { onsubmit: submit },
    h('div', { class: 'brand' }, h('img', { src: '/page/icon.svg', alt: '' }), 'Coffer'),
    h('label', { class: 'field' }, h('span', {}, t('login.name')), name),
    h('label', { class: 'field' }, h('span', {}, t('login.password')), password), problem,
    h('button', { class: 'primary', type: 'submit', 'data-test': 'login' }, t('login.enter')),
    h('p', { class: 'small dim' }, t('login.help'), h('br'), h('code', {}, 'coffer user create NAME --role root')),
    h('button', { class: 'quiet', type: 'button', 'data-test': 'language', onclick: () => setLanguage(language === 'en' ? 'zh' : 'en') },
      language === 'en' ? '中文' : 'English'))));
  name.focus();
};

/** Asks for the password; true where the daemon took it. */
export const stepUp = () => open(t('stepUp.title'), (body, close) => {
  const password = h('input', { type: 'password', autocomplete: 'current-password', 'data-test': 'step-up-password' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  body.append(h('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        const { data } = await api.request('POST', '/v1/session/step-up', { body: { password: password.value }, isLogin: true });
        api.setSession(data);
        close(true);
      } catch (error) {
        problem.textContent = error.code === 'unauthorized' ? t('login.wrong') : error.message;
        password.value = '';
        password.focus();
      }
    },
  }, h('p', {}, t('stepUp.text')), h('label', { class: 'field' }, h('span', {}, t('login.password')), password), problem,
  h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => close(false) }, t('do.cancel')),
    h('button', { class: 'primary', type: 'submit', 'data-test': 'step-up' }, t('do.continue')))));
}, { test: 'step-up-dialog' });
