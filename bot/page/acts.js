// What can be done with an answer: copy it, say what one thinks of it, ask it again or better, ask what a refusal offers.
// The form for a remark comes from a template that the server wrote; this builds no HTML.
(() => {
  "use strict";

  const { one, all, say, write, plain, tell } = window.unblur;

  async function copy(button, said) {
    await navigator.clipboard.writeText(plain(said));
    button.textContent = "Copied";
    window.setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  const numberOf = (acts) => Number(acts.id.replace("acts-", ""));
  const buttonOf = (acts, name) => all(".act", acts).find((button) => button.textContent === name);

  // Keep what somebody thinks of an answer; says whether it was kept.
  async function judge(acts, liked, remark) {
    const thread = one("#cited .cited")?.dataset.thread;
    try {
      const sent = await fetch(`./unblur/conversations/${thread}/opinion`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ answer: numberOf(acts), liked, remark }),
      });
      if (!sent.ok) return false;
    } catch {
      return false;
    }
    const chosen = buttonOf(acts, liked ? "Helpful" : "Not helpful");
    for (const other of all(".act", acts)) other.classList.toggle("given", other === chosen);
    showGiven();
    tell("Thank you, this is kept.");
    return true;
  }

  const formOf = (acts) => one("form.remark", acts.parentElement);

  function closeForm(acts) {
    formOf(acts)?.remove();
    const button = buttonOf(acts, "Not helpful");
    button?.setAttribute("aria-expanded", "false");
    button?.focus({ preventScroll: true });
  }

  function openForm(acts) {
    if (formOf(acts)) return closeForm(acts);
    const form = one("#remark-form").content.firstElementChild.cloneNode(true);
    const words = one("textarea", form);
    const problem = one(".problem", form);
    const send = async (remark) => {
      problem.textContent = "";
      if (await judge(acts, false, remark)) closeForm(acts);
      else problem.textContent = "This could not be kept. Try again in a moment.";
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(words.value.trim());
    });
    one(".skip", form).addEventListener("click", () => send(""));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        closeForm(acts);
      }
    });
    acts.after(form);
    buttonOf(acts, "Not helpful").setAttribute("aria-expanded", "true");
    words.focus();
    form.scrollIntoView({ block: "nearest" });
  }

  // Which opinion was given is told to screen readers, too.
  function showGiven() {
    for (const button of all("#conversation .act")) {
      if (!/elpful$/.test(button.textContent)) continue;
      const given = String(button.classList.contains("given"));
      if (button.getAttribute("aria-pressed") !== given) button.setAttribute("aria-pressed", given);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#conversation button.act, #conversation button.offer");
    if (!button) return;
    if (button.matches(".offer")) return say(button.textContent);
    const acts = button.closest(".acts");
    const question = all("#conversation .question")[numberOf(acts) - 1]?.querySelector(":scope > p:not(.coming)")?.innerText.trim() || "";
    const kinds = {
      "Copy": () => copy(button, button.closest(".said")),
      "Try again": () => say(question),
      "Edit question": () => write(question),
      "Helpful": () => judge(acts, true, ""),
      "Not helpful": () => openForm(acts),
    };
    kinds[button.textContent]?.();
  });

  // A photo that was just taken goes the way of one that was chosen.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("#camera input")) return;
    const chooser = one("#ask input[type=file]");
    if (!chooser || !event.target.files.length) return;
    chooser.files = event.target.files;
    chooser.dispatchEvent(new Event("change", { bubbles: true }));
    event.target.value = "";
  });

  window.unblur.looks.push(showGiven);
})();
