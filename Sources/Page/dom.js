// Elements without HTML: what somebody else wrote is only ever text.

/** Makes an element. `on…` are listeners, `class` and others attributes; null, undefined and false leave one out. */
export const h = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'indeterminate') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  add(element, children);
  return element;
};

export const add = (element, children) => {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
};

export const svg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

export const fill = (element, ...children) => {
  element.replaceChildren();
  add(element, children);
  return element;
};

/** Calls `body` once things have been quiet for some milliseconds. */
export const calm = (body, milliseconds = 250) => {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => body(...given), milliseconds);
  };
};
