// Saves a page of the form while it is written, and says whether that worked. What cannot be saved
// stays on the page, and is tried again; it is kept nowhere else, since others use this computer.

// Milliseconds without a key before saving, and between tries.
const QUIET = 1500;
const AGAIN = 5000;

export function saveByItself(form, told) {
  let timer = null;
  let saving = false;
  // Counts changes, so that what is written while a save is under way is saved after it.
  let written = 0;
  let saved = 0;
  let leaving = false;

  const say = (words) => { if (told) told.textContent = words; };
  const later = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };

  async function save() {
    if (saving || leaving || saved === written) return;
    saving = true;
    const upTo = written;
    const body = new URLSearchParams(new FormData(form));
    body.set('autosave', 'yes');
    say(form.dataset.saving);
    try {
      const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' });
      if (answer.status === 204) {
        saved = upTo;
        say(form.dataset.saved);
      } else if (answer.status >= 500) {
        throw new Error('not saved');
      } else {
        leaving = true;
        say(form.dataset.ended);
      }
    } catch {
      say(form.dataset.lost);
    }
    saving = false;
    if (saved !== written) later(saved === upTo ? QUIET : AGAIN);
  }

  form.addEventListener('input', () => {
    written += 1;
    later(QUIET);
  });
  form.addEventListener('submit', () => { leaving = true; });
}
