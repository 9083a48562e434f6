// What the page does beyond Gradio: markers lead to their quotes and back, each answer is spoken once, and the address
// remembers the conversation. It only moves focus and shows what the server already sent; it builds no HTML.
(() => {
  "use strict";

  const WIDE = window.matchMedia("(min-width: 1100px)");
  const NARROW = window.matchMedia("(max-width: 640px)");
  const QUOTE = /^#quote-(\d+)-(\d+)$/;
  let from = null; // what opened the sources, to go back to
  let asked = 0; // questions that are shown
  let answered = null; // answers that the panel knows; null before the first look
  let spoken = null; // the live region

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function turnTo(answer) {
    for (const section of all("#cited .answer-sources")) section.hidden = section.dataset.answer !== answer;
    leaveOutCited();
  }

  // The sources that the open answer cites are not listed a second time below it.
  function leaveOutCited() {
    const cited = new Set(all("#cited .answer-sources:not([hidden]) .card").map((card) => card.dataset.source));
    let left = 0;
    for (const card of all("#held .card")) {
      card.hidden = cited.has(card.dataset.source);
      left += card.hidden ? 0 : 1;
    }
    const title = one("#held .held-title");
    if (title) {
      title.textContent = cited.size ? "Also held" : "Sources held";
      title.hidden = left === 0;
    }
  }

  function openSheet() {
    one("#sources")?.classList.add("open");
  }

  function closeSheet() {
    one("#sources")?.classList.remove("open");
  }

  function goBack() {
    closeSheet();
    if (from && from.isConnected) {
      from.focus({ preventScroll: true });
      from.scrollIntoView({ block: "nearest" });
    }
  }

  function showQuote(answer, number) {
    const section = one(`#cited .answer-sources[data-answer="${answer}"]`);
    const marks = section ? all(`mark[data-quotes~="${number}"]`, section) : [];
    if (!marks.length) return;
    turnTo(answer);
    turnPanelTo("sources");
    openSheet();
    for (const mark of all("#cited mark.shown")) mark.classList.remove("shown");
    for (const mark of marks) mark.classList.add("shown");
    marks[0].closest("details").open = true;
    marks[0].focus({ preventScroll: true });
    const sources = one("#sources"); // only the panel scrolls: the answer stays where it is read
    const above = marks[0].getBoundingClientRect().top - sources.getBoundingClientRect().top;
    sources.scrollTop += above - sources.clientHeight / 3;
  }

  // The panel shows sources or photos.
  function turnPanelTo(tab) {
    one("#sources")?.classList.toggle("photo-open", tab === "photo");
    for (const button of all("#sources .tab")) button.setAttribute("aria-pressed", String(button.dataset.tab === tab));
  }

  function showPhoto(id) {
    const section = one(`#photos [data-photo="${id}"]`);
    if (!section) return;
    for (const other of all("#photos .photo")) other.hidden = other !== section;
    turnPanelTo("photo");
  }

  function compare(split) {
    split.closest(".pair").style.setProperty("--split", `${split.value}%`);
    split.setAttribute("aria-valuenow", split.value);
    split.setAttribute("aria-valuetext", `${100 - split.value} percent restored`);
  }

  // A button of the photo panel says its words in the conversation.
  function say(words) {
    const box = one("#ask textarea");
    if (!box || one("#ask .stop-button")) return;
    box.value = words;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    window.setTimeout(() => one("#ask .submit-button")?.click(), 50);
  }

  function write(words) {
    const box = one("#ask textarea");
    box.value = words;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".keep-sources")) return;
    turnPanelTo("sources");
    openSheet();
    one("#keep-pasted")?.click();
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("input.split")) compare(event.target);
  });

  document.addEventListener("click", (event) => {
    const act = event.target.closest("button.tab, button.say, a.open-photo");
    if (!act) return;
    if (act.matches(".tab")) turnPanelTo(act.dataset.tab);
    else if (act.matches(".say")) say(act.dataset.say);
    else {
      event.preventDefault();
      from = act;
      showPhoto(act.getAttribute("href").replace("#photo-", ""));
      openSheet();
      one("#photos .photo:not([hidden]) input.split")?.focus({ preventScroll: true });
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#'], button.back, button.close-sources");
    if (!link) return;
    const quote = QUOTE.exec(link.getAttribute("href") || "");
    if (quote) {
      event.preventDefault();
      if (!link.closest("#sources")) from = link;
      showQuote(quote[1], quote[2]);
    } else if (link.matches(".open-sources")) {
      event.preventDefault();
      from = link;
      const answer = link.closest(".said.answer")?.querySelector(".marker")?.getAttribute("href");
      if (answer) turnTo(QUOTE.exec(answer)[1]);
      turnPanelTo("sources");
      openSheet();
      one(link.matches(".to-scope") ? "#scope-choice input" : "#sources .close-sources")?.focus();
    } else if (link.matches(".back, .close-sources")) {
      goBack();
    }
  });

  document.addEventListener("keydown", (event) => {
    const sources = one("#sources");
    if (event.key === "Escape" && sources?.matches(".open, :focus-within")) goBack();
  });

  // A screen reader hears an answer when it is whole, not at each piece.
  // Gradio names a message by its source, which here is HTML; the message reads itself.
  function speakAnswersOnce() {
    const log = one("#conversation [role=log]");
    if (log && log.getAttribute("aria-live") !== "off") log.setAttribute("aria-live", "off");
    for (const message of all("#conversation [data-testid][aria-label]")) message.removeAttribute("aria-label");
    if (!spoken) {
      spoken = document.createElement("div");
      spoken.id = "spoken";
      spoken.className = "unseen";
      spoken.setAttribute("role", "status");
      document.body.append(spoken);
    }
  }

  // An answer's words alone; a table's cells and a list's items stay apart.
  function plain(said) {
    const copy = said.cloneNode(true);
    for (const silent of all(".marker, .who, .removed, .to-sources, .made, .acts, .remark, details", copy)) silent.remove();
    for (const block of all("p, li, h3, tr, td, th", copy)) block.append("\n");
    return copy.textContent.replace(/[ \t]+/g, " ").replace(/\s*\n\s*/g, "\n").trim();
  }

  function speak(said) {
    tell(plain(said).replace(/\s+/g, " "));
  }

  function tell(words) {
    spoken.textContent = words;
  }

  // What became of a brief is spoken, and shown where the panel is scrolled elsewhere.
  const reported = new WeakSet();
  function followReport() {
    for (const report of all(".reports .report")) {
      if (reported.has(report)) continue;
      reported.add(report);
      spoken.textContent = report.innerText.replace(/\s+/g, " ").trim();
      report.scrollIntoView({ block: "nearest" });
    }
  }

  function remember(thread) {
    const address = new URL(window.location.href);
    if ((address.searchParams.get("thread") || "") === thread) return;
    if (thread) address.searchParams.set("thread", thread);
    else address.searchParams.delete("thread");
    window.history.replaceState(window.history.state, "", address);
  }

  function followConversation() {
    const questions = all("#conversation .question");
    if (questions.length > asked) {
      closeSheet();
      questions.at(-1).closest(".said").scrollIntoView({ block: "start" });
    }
    asked = questions.length;
  }

  function followAnswers() {
    const cited = one("#cited .cited");
    const said = all("#conversation .said.answer:not(.writing), #conversation .problem-answer, #conversation .cut-off");
    if (!cited || said.length < Number(cited.dataset.answers)) return; // the conversation is still being drawn
    remember(cited.dataset.thread || "");
    const state = `${cited.dataset.thread || ""} ${said.length} ${said.at(-1)?.className}`;
    if (state === answered) return;
    const first = answered === null;
    answered = state;
    from = null;
    leaveOutCited();
    closeSheet();
    one("#sources").scrollTop = 0;
    const tab = one('#sources .tab[data-tab="photo"]');
    const photos = Number(one("#photos .photos")?.dataset.count || 0);
    if (tab) tab.hidden = photos === 0;
    turnPanelTo(photos && said.at(-1)?.matches(".restoration, :has(.made)") ? "photo" : "sources");
    if (first || !said.length) return;
    speak(said.at(-1));
    // The button that asked is gone with the first screen: focus goes on at the answer.
    if (document.activeElement === document.body || document.activeElement?.closest("#first")) {
      said.at(-1).focus({ preventScroll: true });
    }
  }

  // Whoever has a keyboard can write at once; on a touch screen this would only push the keyboard over the page.
  let offered = false;
  function offerToWrite() {
    const box = one("#ask textarea");
    if (offered || !box) return;
    offered = true;
    const keyboard = window.matchMedia("(hover: hover) and (pointer: fine)").matches;
    if (keyboard && document.activeElement === document.body) box.focus({ preventScroll: true });
  }

  function hintAtPhotos() {
    const box = one("#ask textarea");
    const hint = NARROW.matches ? "Ask a question" : "Ask, or drop a photo here";
    if (box && box.placeholder !== hint) box.placeholder = hint;
  }

  // Gradio gives its box and buttons other names, or none.
  function nameTheBox() {
    const names = { textarea: "Ask about the sources", ".submit-button": "Ask", ".stop-button": "Stop", ".upload-button": "Add a photo" };
    for (const [selector, name] of Object.entries(names)) {
      const part = one(`#ask ${selector}`);
      if (part && part.getAttribute("aria-label") !== name) part.setAttribute("aria-label", name);
    }
    // Gradio calls the chosen photos items of a list that isn't one.
    for (const chosen of all("#ask .thumbnail-wrapper[role=listitem]")) {
      chosen.setAttribute("role", "group");
      chosen.setAttribute("aria-label", "Photo to send");
    }
    const toggle = one(".sidebar .toggle-button");
    if (toggle) {
      toggle.setAttribute("aria-label", "Conversations");
      toggle.setAttribute("aria-expanded", String(Boolean(one(".sidebar.open"))));
    }
  }

  const looks = []; // what the page's other scripts do whenever it changes
  window.unblur = { one, all, say, write, plain, tell, looks };

  let waiting = false;
  function look() {
    if (waiting) return;
    waiting = true;
    window.requestAnimationFrame(() => {
      waiting = false;
      speakAnswersOnce();
      nameTheBox();
      hintAtPhotos();
      offerToWrite();
      followConversation();
      followAnswers();
      followReport();
      for (const also of looks) also();
    });
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
  WIDE.addEventListener("change", closeSheet);
  look();
})();
