// Shows doors.md, a text of our own: the few forms of Markdown that it has, as elements.

const make = (tag, ...children) => {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
};

/** Code, links and emphasis within a line. */
const inline = (text) => text.split(/(`[^`]+`|\[[^\]]+\]\([^)]+\)|\*\*[^*]+\*\*)/).map((part) => {
  if (part.startsWith('`')) return make('code', part.slice(1, -1));
  if (part.startsWith('**')) return make('b', part.slice(2, -2));
  const link = part.match(/^\[([^\]]+)\]\(([^)]+)\)$/);
  // Other files of the documentation are not served here.
  return link ? make('i', link[1]) : part;
});

const anchor = (title) => title.toLowerCase().replace(/[^a-z0-9]+/g, '');

const block = (text) => {
  const heading = text.match(/^(#{1,3}) (.*)$/s);
  if (heading) {
    const element = make(`h${heading[1].length}`, ...inline(heading[2]));
    element.id = anchor(heading[2]);
    return element;
  }
  if (text.startsWith('```')) return make('pre', text.replace(/^```\w*\n/, '').replace(/\n?```$/, ''));
  if (text.startsWith('|')) {
    const rows = text.split('\n').filter((row) => !/^\|[-| :]+\|$/.test(row)).map((row) => row.slice(1, -1).split('|'));
    return make('table', ...rows.map((row, index) => make('tr', ...row.map((cell) => make(index === 0 ? 'th' : 'td', ...inline(cell.trim()))))));
  }
  if (/^- /.test(text)) return make('ul', ...text.split(/\n(?=- )/).map((item) => make('li', ...inline(item.slice(2)))));
  return make('p', ...inline(text));
};

const text = await (await fetch('/page/doors.md')).text();
document.getElementById('text').replaceChildren(...text.trim().split(/\n{2,}(?!\s*```)/).map(block));
document.getElementById(location.hash.slice(1))?.scrollIntoView();
