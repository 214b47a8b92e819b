// Suggestions under the search field and under fields of questions, and tips that stay inside the window and name the
// sources of what is inferred. Everything works without it.
"use strict";
(() => {
  // a field whose list offers what the server suggests; `take` gets what was chosen
  const offer = (field, list, address, least, take) => {
    let chosen = -1;
    let asked = null;
    let timer = 0;
    let found = [];

    const close = () => {
      list.hidden = true;
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
      chosen = -1;
    };

    const choose = (index) => {
      const items = list.children;
      if (!items.length) return;
      chosen = (index + items.length) % items.length;
      [...items].forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
      field.setAttribute("aria-activedescendant", items[chosen].id);
    };

    const show = () => {
      list.replaceChildren(
        ...found.map((one, index) => {
          const item = document.createElement("li");
          item.id = `${list.id}-${index}`;
          item.setAttribute("role", "option");
          item.setAttribute("aria-selected", "false");
          item.append(one.label);
          const kind = document.createElement("span");
          kind.textContent = one.kind === one.label ? "" : one.kind;
          item.append(kind);
          item.addEventListener("mousedown", (event) => {
            event.preventDefault();
            take(one);
            close();
          });
          return item;
        }),
      );
      list.hidden = !found.length;
      field.setAttribute("aria-expanded", String(found.length > 0));
      chosen = -1;
    };

    const ask = async () => {
      const text = field.value.trim();
      asked = text;
      if (text.length < least) return close();
      try {
        const answer = await fetch(`${address}q=${encodeURIComponent(text)}`);
        if (!answer.ok || asked !== text || document.activeElement !== field) return;
        found = await answer.json();
        show();
      } catch {
        close();
      }
    };

    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 120);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && list.hidden) ask();
      else if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp" && !list.hidden) choose(chosen - 1);
      else if (event.key === "Escape") return close();
      else if (event.key === "Enter" && chosen >= 0) {
        take(found[chosen]);
        close();
      } else return;
      event.preventDefault();
    });
    field.addEventListener("blur", close);
  };

  const search = document.getElementById("q");
  if (search) offer(search, document.getElementById("suggestions"), "/suggest?", 2, (one) => location.assign(one.href));
  for (const field of document.querySelectorAll("input[data-suggest]"))
    offer(field, document.getElementById(field.getAttribute("aria-controls")), `${field.dataset.suggest}&`, 0, (one) => {
      field.value = one.value;
    });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea|select)$/i.test(document.activeElement.tagName) && !document.activeElement.isContentEditable) {
      event.preventDefault();
      search?.focus();
    }
  });

  // Tips: inside the window whatever the mark is in, a table that scrolls too; Escape closes one.
  const place = (mark) => {
    const tip = mark.querySelector(".tip");
    if (!tip) return;
    mark.classList.remove("shut");
    tip.classList.add("placed");
    tip.style.maxHeight = "";
    const [box, room] = [mark.getBoundingClientRect(), tip.getBoundingClientRect()];
    const [above, under] = [box.top, innerHeight - box.bottom];
    const below = room.height <= under || above < Math.min(room.height, under);
    // one that is taller than what is free beside its mark scrolls
    const height = Math.min(room.height, below ? under : above);
    if (height < room.height) tip.style.maxHeight = `${height}px`;
    tip.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - room.width - 8))}px`;
    tip.style.top = `${below ? box.bottom : box.top - height}px`;
  };
  const opened = (mark) => mark.matches(":hover, :focus-within");
  // What an inferred statement follows from is looked for when its tip is opened, and not by a pointer that only passes.
  const explain = (mark) =>
    setTimeout(async () => {
      const told = mark.querySelector("[data-why]");
      if (!told || told.dataset.asked || !opened(mark)) return;
      told.dataset.asked = "yes";
      try {
        const answer = await fetch(`${told.dataset.why}&brief=1`);
        if (!answer.ok) throw new Error(answer.statusText);
        told.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
        if (opened(mark)) place(mark);
      } catch {
        delete told.dataset.asked;
      }
    }, 80);
  const marked = (event) => event.target instanceof Element && event.target.closest(".src");
  for (const kind of ["mouseover", "focusin"])
    document.addEventListener(kind, (event) => {
      const mark = marked(event);
      if (!mark || mark.contains(event.relatedTarget)) return;
      place(mark);
      explain(mark);
    });
  const follow = (event) => {
    if (!(event.target instanceof Element && event.target.closest(".tip"))) document.querySelectorAll(".src:hover, .src:focus-within").forEach(place);
  };
  addEventListener("scroll", follow, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll(".src:hover, .src:focus-within").forEach((mark) => mark.classList.add("shut"));
  });
})();
