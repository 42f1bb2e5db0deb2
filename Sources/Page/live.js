// Changes as they happen, over server-sent events; the browser connects again by itself.

let source = null;
let isUp = false;
let handlers = {};

export const start = (given) => {
  handlers = given;
  stop();
  source = new EventSource('/v1/events');
  source.addEventListener('open', () => {
    if (isUp === null) handlers.back();
    isUp = true;
  });
  source.addEventListener('error', () => {
    if (isUp) handlers.lost();
    isUp = null;
    // Refused rather than broken: the browser gives up, we do not.
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => { if (source) start(handlers); }, 3_000);
  });
  source.addEventListener('change', (event) => handlers.change(JSON.parse(event.data)));
  source.addEventListener('resync', () => handlers.resync());
  source.addEventListener('locked', () => handlers.locked());
  source.addEventListener('unlocked', () => handlers.unlocked());
  source.addEventListener('end', () => { stop(); handlers.end(); });
};

export const stop = () => {
  source?.close();
  source = null;
};
