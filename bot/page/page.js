// What the page does beyond Gradio: markers lead to their quotes and back, each answer is spoken once, and the address
// remembers the conversation. It only moves focus and shows what the server already sent; it builds no HTML.
(() => {
  "use strict";

  const WIDE = window.matchMedia("(min-width: 1100px)");
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
    openSheet();
    for (const mark of all("#cited mark.shown")) mark.classList.remove("shown");
    for (const mark of marks) mark.classList.add("shown");
    marks[0].closest("details").open = true;
    marks[0].focus({ preventScroll: true });
    const sources = one("#sources"); // only the panel scrolls: the answer stays where it is read
    const above = marks[0].getBoundingClientRect().top - sources.getBoundingClientRect().top;
    sources.scrollTop += above - sources.clientHeight / 3;
  }

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
      openSheet();
      one("#sources .close-sources")?.focus();
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

  function speak(said) {
    const copy = said.cloneNode(true);
    for (const silent of all(".marker, .who, .removed, .to-sources", copy)) silent.remove();
    spoken.textContent = copy.textContent.replace(/\s+/g, " ").trim();
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

  let waiting = false;
  function look() {
    if (waiting) return;
    waiting = true;
    window.requestAnimationFrame(() => {
      waiting = false;
      speakAnswersOnce();
      offerToWrite();
      followConversation();
      followAnswers();
    });
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
  WIDE.addEventListener("change", closeSheet);
  look();
})();
