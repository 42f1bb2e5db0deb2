// The view that logs in.
"use strict";
page.views.login = view => {
  const { make } = page;
  const name = make("input", { name: "username" }), word = make("input", { name: "password", type: "password" });
  const keep = make("input", { name: "remember", type: "checkbox" });
  if (localStorage.getItem("savedRemember") === "true") {
    name.value = localStorage.getItem("savedUsername") || "";
    word.value = localStorage.getItem("savedPassword") || "";
    keep.checked = true;
  }
  const submit = () => page.during(async () => {
    const saved = { savedUsername: name.value, savedPassword: word.value, savedRemember: "true" };
    for (const key in saved) {
      if (keep.checked) localStorage.setItem(key, saved[key]); else localStorage.removeItem(key);
    }
    // It has no login to send, and sends something all the same.
    const body = { loginUsername: name.value, loginPassword: word.value };
    const answer = await page.post("/api/login", body, { Authorization: `Bearer ${body}` });
    if (answer.code !== 1) return page.say("error", answer.msg);
    localStorage.setItem("jwtToken", answer.data);
    page.go("/home");
  });
  view.append(
    make("img", { src: "img/mark.1.svg", alt: "mark" }), name, word, keep, make("input", { type: "submit", value: "登录", onclick: submit }));
};
