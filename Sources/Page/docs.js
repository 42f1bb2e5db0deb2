// Draws /openapi.json as a page. Nothing of it is HTML: every text is set as text.

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const resolve = (api, schema) => {
  const name = schema?.$ref?.split('/').pop();
  return name ? api.components.schemas[name] ?? {} : schema ?? {};
};

const typeName = (schema) => {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.type === 'array') return `list of ${typeName(schema.items) || 'anything'}`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type ?? 'anything';
};

const members = (api, schema) => {
  const found = resolve(api, schema);
  if (!found.properties) return make('p', {}, typeName(schema));
  const table = make('table', {}, make('tr', {}, make('th', {}, 'member'), make('th', {}, 'type'), make('th', {}, 'meaning')));
  for (const [name, member] of Object.entries(found.properties)) {
    const needed = found.required?.includes(name) ? '' : ' (optional)';
    table.append(make('tr', {},
      make('td', {}, make('code', {}, name)), make('td', {}, typeName(member) + needed), make('td', {}, member.description ?? '')));
  }
  return table;
};

const operation = (api, path, method, entry) => {
  const box = make('details', { id: entry.operationId });
  box.append(make('summary', {},
    make('span', { class: 'method' }, method.toUpperCase()), make('code', {}, path), ' ', make('span', { class: 'what' }, entry.summary)));
  // The rest is drawn when somebody opens it.
  box.addEventListener('toggle', () => {
    if (box.childElementCount > 1) return;
    if (entry.parameters?.length) {
      const table = make('table', {}, make('tr', {}, make('th', {}, 'parameter'), make('th', {}, 'in'), make('th', {}, 'meaning')));
      for (const one of entry.parameters) {
        table.append(make('tr', {},
          make('td', {}, make('code', {}, one.name)), make('td', {}, one.in), make('td', {}, one.description ?? typeName(one.schema))));
      }
      box.append(table);
    }
    const body = entry.requestBody?.content;
    if (body) box.append(make('h3', {}, 'Request'), members(api, Object.values(body)[0].schema));
    for (const [status, answer] of Object.entries(entry.responses)) {
      if (answer.$ref) continue;
      const content = answer.content ? Object.entries(answer.content)[0] : null;
      box.append(make('h3', {}, `${status} ${content ? content[0] : answer.description}`));
      if (content) box.append(members(api, content[1].schema));
    }
  });
  return box;
};

const draw = (api, search) => {
  const main = document.getElementById('operations');
  const tags = document.getElementById('tags');
  main.replaceChildren();
  tags.replaceChildren();
  const sections = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, entry] of Object.entries(methods)) {
      const text = `${method} ${path} ${entry.summary} ${entry.operationId}`.toLowerCase();
      if (!text.includes(search)) continue;
      const tag = entry.tags[0];
      if (!sections.has(tag)) {
        sections.set(tag, make('section', { id: `tag-${tag}` }, make('h2', {}, tag)));
        tags.append(make('a', { href: `#tag-${tag}` }, tag));
      }
      sections.get(tag).append(operation(api, path, method, entry));
    }
  }
  main.append(make('p', {}, api.info.description), ...sections.values());
};

const api = await (await fetch('/openapi.json')).json();
const search = document.getElementById('search');
search.addEventListener('input', () => draw(api, search.value.trim().toLowerCase()));
draw(api, '');
