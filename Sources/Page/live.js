// Changes as they happen, over server-sent events; the browser connects again by itself.
//
// One stream for all tabs of a browser: over HTTP/1.1 it opens six connections to a server at most, and a stream takes one of them for as
// long as its page lives. The tab that has the lock has the stream, and tells the others; when it goes, the next one takes over.

const name = 'coffer-live';
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null;
let source = null;
let isUp = false;
let handlers = {};
let leaving = null;

const told = ({ kind, data }) => handlers[kind]?.(data);

const tell = (kind, data) => {
  channel?.postMessage({ kind, data });
  told({ kind, data });
};

/** `isLate`: others had the stream before, and something may have been missed in between. */
const open = (isLate) => {
  const mine = source = new EventSource('/v1/events');
  source.addEventListener('open', () => {
    if (isUp === null) tell('back'); else if (isLate) tell('resync');
    isUp = true;
  });
  source.addEventListener('error', () => {
    if (isUp) tell('lost');
    isUp = null;
    // Refused rather than broken: the browser gives up, we do not.
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => { if (source === mine) open(isLate); }, 3_000);
  });
  source.addEventListener('change', (event) => tell('change', JSON.parse(event.data)));
  for (const kind of ['resync', 'locked', 'unlocked']) source.addEventListener(kind, () => tell(kind));
  source.addEventListener('end', () => { source?.close(); tell('end'); });
};

/** `given`: what is to be done about `change` (with the event), `resync`, `lost`, `back`, `locked`, `unlocked`, `end`. */
export const start = (given) => {
  stop();
  handlers = given;
  // Browsers have locks only where the connection is safe.
  if (!channel || !navigator.locks) return open(false);
  const mine = leaving = new AbortController();
  const lead = (isLate) => new Promise((resolve) => {
    if (mine.signal.aborted) return resolve();
    mine.signal.addEventListener('abort', resolve);
    open(isLate);
  });
  navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && lead(false))
    .then(() => mine.signal.aborted || navigator.locks.request(name, { signal: mine.signal }, () => lead(true)))
    // Aborted: nobody here wants to know any longer.
    .catch(() => {});
};

export const stop = () => {
  leaving?.abort();
  leaving = null;
  source?.close();
  source = null;
  isUp = false;
  handlers = {};
};

channel?.addEventListener('message', (event) => told(event.data));
// A page that the browser keeps for the way back must not keep the stream.
let kept = null;
addEventListener('pagehide', () => { kept = leaving || source ? handlers : null; stop(); });
addEventListener('pageshow', (event) => { if (event.persisted && kept) { start(kept); kept.resync?.(); } });
