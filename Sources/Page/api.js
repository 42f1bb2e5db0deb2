// The HTTP API: one way in for all sections.

/** What the daemon refused, as it said it (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `status ${status}`);
    this.status = status;
    this.code = body.code ?? '';
    this.field = body.field ?? '';
    this.retryAfter = 0;
  }
}

let csrf = '';
const listeners = { lost: () => {}, back: () => {}, locked: () => {}, loggedOut: () => {}, stepUp: async () => false };
let isLost = false;

let stepUpUntil = 0;

/** What the daemon said of the session. */
export const setSession = (data) => {
  csrf = data?.csrf ?? '';
  stepUpUntil = Number(data?.step_up_until ?? 0);
};

/** Before a value is shown: the password, unless it was given a moment ago. */
export const mayShow = async () => {
  if (Date.now() + 5_000 < stepUpUntil || await listeners.stepUp()) return;
  const cancelled = new Problem(0, { detail: '' });
  cancelled.isCancelled = true;
  throw cancelled;
};
export const on = (name, body) => { listeners[name] = body; };

const parse = async (response) => {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('json')) return {};
  try { return await response.json(); } catch { return {}; }
};

const send = async (method, path, { body, headers = {}, raw = false } = {}) => {
  const options = { method, headers: { Accept: 'application/json', ...headers }, credentials: 'same-origin', cache: 'no-store' };
  if (method !== 'GET') options.headers['X-CSRF-Token'] = csrf;
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    if (!isLost) { isLost = true; listeners.lost(); }
    throw new Problem(0, { code: 'unreachable', detail: 'the daemon does not answer' });
  }
  if (isLost) { isLost = false; listeners.back(); }
  if (response.ok) return raw ? response : { data: response.status === 204 ? null : await parse(response), etag: response.headers.get('ETag') };
  const problem = new Problem(response.status, await parse(response));
  problem.retryAfter = Number(response.headers.get('Retry-After') ?? 0);
  if (problem.code === 'locked') listeners.locked();
  throw problem;
};

/** Sends a request; asks for the password once more where the daemon wants that, and tries again. */
export const request = async (method, path, options = {}) => {
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.code === 'step-up-required' && await listeners.stepUp()) return send(method, path, options);
    if (problem.status === 401 && !options.isLogin) listeners.loggedOut();
    throw problem;
  }
};

export const get = async (path) => (await request('GET', path)).data;
export const post = async (path, body = {}, headers = {}) => (await request('POST', path, { body, headers })).data;
export const id = (name) => encodeURIComponent(name);

/** A key for a request that a double click must not send twice. */
export const once = () => ({ 'Idempotency-Key': crypto.randomUUID() });

export const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : '';
};
