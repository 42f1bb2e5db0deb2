// What every view needs: where the API is, how it is asked, which view is shown. Written like a compiled page is built: other scripts and
// styles come by relative names when they are needed, the view stands behind '#', nothing is loaded from elsewhere.
"use strict";
(function () {
  const folders = location.pathname.split("/");
  const page = window.page = { prefix: folders.length >= 3 ? "/" + folders[1] : "", views: {}, troubles: [], busy: 0, said: 0 };

  // What a person would find in the console.
  addEventListener("error", event =>
    page.troubles.push("error: " + (event.message || "not loaded: " + (event.target.src || event.target.href))), true);
  addEventListener("unhandledrejection", event => page.troubles.push("unhandled: " + (event.reason && event.reason.message)));
  document.addEventListener("securitypolicyviolation", event =>
    page.troubles.push("policy: " + event.violatedDirective + " " + event.blockedURI));

  page.token = () => localStorage.getItem("jwtToken");
  page.headers = () => ({ Authorization: `Bearer ${page.token()}` });

  /** As a page's HTTP library asks: the body is read as JSON whatever it is said to be, another status than 2xx is thrown. */
  page.ask = (method, url, body, headers) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url, true);
    request.setRequestHeader("Accept", "application/json, text/plain, */*");
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    if (body !== undefined) request.setRequestHeader("Content-Type", "application/json");
    request.onload = () => {
      let data = request.responseText;
      try { data = JSON.parse(data); } catch (error) { /* stays a text */ }
      if (request.status >= 200 && request.status < 300) resolve({ data, status: request.status });
      else reject(new Error("Request failed with status code " + request.status));
    };
    request.onerror = () => reject(new Error("Network Error"));
    request.send(body === undefined ? null : JSON.stringify(body));
  });
  page.get = path => page.ask("GET", page.prefix + path, undefined, page.headers());
  page.put = (path, body) => page.ask("PUT", page.prefix + path, body, page.headers());

  /** As it posts: with fetch. */
  page.post = async (path, body, headers) => {
    const response = await fetch(page.prefix + path, {
      method: "POST", headers: { "Content-Type": "application/json", ...(headers || page.headers()) }, body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error("Network response was not ok");
    return response.json();
  };

  /** Makes an element; styles are set as frameworks set them. */
  page.make = (tag, facts, ...inside) => {
    const element = document.createElement(tag);
    for (const name in facts || {}) {
      if (name === "style") Object.assign(element.style, facts.style);
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), facts[name]);
      else if (name in element && name !== "list") element[name] = facts[name];
      else element.setAttribute(name, facts[name]);
    }
    element.append(...inside);
    return element;
  };

  page.say = (kind, text) => {
    const place = document.getElementById("message");
    place.dataset.kind = kind;
    place.dataset.count = ++page.said;
    place.textContent = text;
  };
  /** While something runs, the page is covered. */
  page.during = async work => {
    document.body.dataset.busy = ++page.busy;
    try { return await work(); } finally { document.body.dataset.busy = --page.busy; }
  };

  const load = (tag, facts) => new Promise((resolve, reject) => {
    document.head.append(page.make(tag, { ...facts, onload: resolve, onerror: () => reject(new Error("Loading chunk failed")) }));
  });
  const chunks = {};
  const chunk = name => chunks[name] = chunks[name] || Promise.all([
    load("script", { src: `js/${name}.1.js`, charset: "utf-8" }),
    name === "home" ? load("link", { rel: "stylesheet", href: `css/${name}.1.css` }) : null,
  ]);

  page.go = route => { location.hash = route; };
  const show = () => page.during(async () => {
    const name = location.hash === "#/home" ? "home" : "login";
    await chunk(name);
    const app = document.getElementById("app");
    app.replaceChildren(page.make("p", { id: "message" }));
    // Text with inline styles, as templates bring it.
    app.insertAdjacentHTML("beforeend", '<h1 style="color: var(--page); font-size: 20px">TokensTool<br></h1>');
    const view = page.make("div", { id: name });
    app.append(view);
    await page.views[name](view);
  });
  addEventListener("hashchange", show);
  show();
})();
