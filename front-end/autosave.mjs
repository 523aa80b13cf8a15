// Saves a page of the form while it is written, and says whether that worked. What cannot be saved
// stays on the page, and is tried again; it is kept nowhere else, since others use this computer.

// Milliseconds without a key before saving, the longest wait while somebody types on, the wait
// between tries, and how long one may take.
const QUIET = 1500;
const LONGEST = 10_000;
const AGAIN = 5000;
const PATIENCE = 10_000;

export function saveByItself(form, told) {
  let timer = null;
  let saving = null;
  // Counts changes, so that what is written while a save is under way is saved after it.
  let written = 0;
  let saved = 0;
  let since = null;
  let over = false;

  const say = (words) => { if (told && told.textContent !== words) told.textContent = words; };
  const later = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };
  const body = () => {
    const sent = new URLSearchParams(new FormData(form));
    sent.set('autosave', 'yes');
    return sent;
  };
  say(form.dataset.byItself);

  async function save() {
    if (saving || over || saved === written) return;
    const upTo = written;
    saving = new AbortController();
    since = null;
    const signal = AbortSignal.any([saving.signal, AbortSignal.timeout(PATIENCE)]);
    try {
      const answer = await fetch(form.action, { method: 'POST', body: body(), redirect: 'manual', signal });
      if (answer.status === 204) {
        saved = upTo;
        say(form.dataset.saved);
      } else if (answer.status === 403) {
        over = true;
        say(form.dataset.ended);
      } else if (answer.status < 500) {
        over = true;
        say(form.dataset.taken);
      } else {
        throw new Error('not saved');
      }
    } catch {
      say(form.dataset.lost);
    }
    saving = null;
    if (saved !== written) later(saved === upTo ? QUIET : AGAIN);
  }

  form.addEventListener('input', () => {
    written += 1;
    since ??= Date.now();
    later(Math.max(0, Math.min(QUIET, since + LONGEST - Date.now())));
  });
  form.addEventListener('submit', (event) => {
    if (!navigator.onLine) {
      // The browser would show its own page in the place of this one.
      event.preventDefault();
      say(form.dataset.lost);
      written += 1;
      later(AGAIN);
      return;
    }
    // An older save must not arrive after this.
    over = true;
    saving?.abort();
    clearTimeout(timer);
  });
  window.addEventListener('pageshow', () => { over = false; });
  window.addEventListener('pagehide', () => {
    if (!over && saved !== written) {
      fetch(form.action, { method: 'POST', body: body(), redirect: 'manual', keepalive: true });
    }
  });
}
