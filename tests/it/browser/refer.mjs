// What somebody does who refers.

const WORRY = 'Ben came in without a coat again, and said that nobody was at home.';

// From the first page to the check, by the shortest way.
async function writes(who, given = 'Ben') {
  await who.opens('/refer');
  await who.chooses('danger-no');
  await who.presses('Start a referral');
  await who.fills({ worry: WORRY });
  await who.presses('Save and continue');
  await who.fills({ given, family: 'Moor', age: '7' });
  await who.presses('Save and continue');
  await who.fills({ role: 'Designated safeguarding lead', telephone: '01632 960101' });
  await who.presses('Save and continue');
}

const reference = async (who) => (await who.reads()).match(/[0-9A-Z]{5}-[0-9A-Z]{5}/)?.[0];

async function shortest(come, must, how) {
  const who = await come('ada', how);
  await who.signsIn();
  await who.leaves();
  // Counted the way it is for the rest of the year: with a password and the next code.
  const again = await come('ada', how);
  await again.signsIn();
  await writes(again);
  must(again.path().endsWith('/check'), `at the check, and not at ${again.path()}`);
  must((await again.reads()).includes('NOT SENT'), 'says that it is not sent');
  must((await again.reads()).includes(WORRY), 'shows the worry');
  await again.keeps('check');
  await again.presses('Send now');
  must(again.path().startsWith('/refer/sent/'), `sent, and not at ${again.path()}`);
  must(await reference(again), 'shows a reference');
  must(again.pages <= 8, `at most 8 pages: ${again.pages}`);
  must(again.answers <= 25, `at most 25 answers: ${again.answers}`);
  await again.keeps('done');
  await again.opens('/refer');
  must((await again.reads()).includes('Ben Moor'), 'is listed among those sent');
  await again.presses('Sign out');
  must(await again.opens('/refer') === 200 && again.path().startsWith('/sign-in'), 'is signed out');
  await again.leaves();
}

export const journeys = {
  'shortest referral at a desk': (come, must) => shortest(come, must, {}),
  'shortest referral on a telephone': (come, must) => shortest(come, must, { size: 'phone' }),
  'shortest referral without JavaScript': (come, must) =>
    shortest(come, must, { script: false }),
  'shortest referral on a telephone without JavaScript': (come, must) =>
    shortest(come, must, { size: 'phone', script: false }),

  async 'a full referral is left and resumed'(come, must) {
    const who = await come('bea');
    await who.signsIn();
    await who.opens('/refer');
    await who.chooses('danger-unknown');
    await who.presses('Start a referral');
    must((await who.reads()).includes('999'), 'says whom to telephone');
    await who.chooses('telephoned-yes');
    await who.presses('Save and continue');
    await who.fills({ worry: WORRY });
    await who.presses('Save and continue');
    const left = who.path();
    await who.leaves();

    const later = await come('bea', { size: 'phone' });
    await later.signsIn();
    await later.page.getByRole('link', { name: /not written yet/ }).first().click();
    must(later.path() === left, `goes on at ${left}, and not at ${later.path()}`);
    await later.fills({ given: 'Cal', family: 'Vale', 'born-day': '31', 'born-month': '2', 'born-year': '2015' });
    await later.presses('Save and continue');
    must((await later.reads()).includes('Write a real date'), 'tells that it is no date');
    const focused = await later.page.evaluate(() => document.activeElement?.className ?? '');
    must(focused.includes('error-summary'), `the summary has the focus: ${focused}`);
    must(await later.page.inputValue('#born-day') === '31', 'keeps what was typed');
    await later.fills({ 'born-day': '27', 'born-month': '3' });
    await later.presses('Save and continue');
    await later.fills({ telephone: '01632 960101' });
    await later.presses('Save and continue');
    must(later.path().endsWith('/check'), `at the check, and not at ${later.path()}`);
    const check = later.path();

    await later.page.getByRole('link', { name: 'Add another child' }).click();
    await later.fills({ given: 'Dot', family: 'Vale', age: '4' });
    await later.presses('Save and continue');
    await later.page.getByRole('link', { name: /Answer.*Dot Vale: What does the child say/ }).click();
    await later.fills({ 'own-words': 'I do not like Fridays.' });
    await later.chooses('seen-yes');
    await later.presses('Save and continue');
    must(later.path().endsWith('/child-now/1'), `the next page about Dot, and not ${later.path()}`);
    await later.presses('I do not know the rest');
    await later.opens(check);
    must((await later.reads()).includes('I do not like Fridays.'), 'shows the words');
    must((await later.reads()).includes('Not known'), 'shows what is not known');
    await later.page.getByRole('button', { name: 'Take out Dot Vale' }).click();
    await later.page.waitForLoadState();
    must(!(await later.reads()).includes('Dot'), 'is taken out');
    await later.presses('Send now');
    must(await reference(later), 'is sent');
    await later.fills({ more: 'His aunt has called since.' });
    await later.presses('Send this');
    must(later.path().startsWith('/refer/sent/'), 'more is sent');
  },

  async 'pressed twice, and back again, it is sent once'(come, must) {
    const who = await come('bea', { script: false });
    await who.signsIn();
    await writes(who, 'Eve');
    const check = who.path();
    const other = await who.context.newPage();
    await other.goto(who.page.url());
    const press = (page) => Promise.all([
      page.waitForEvent('load'), page.getByRole('button', { name: 'Send now' }).first().click(),
    ]);
    await Promise.all([press(who.page), press(other)]);
    const first = await reference(who);
    must(first && (await other.locator('main').innerText()).includes(first), 'one reference in both');
    await who.page.goBack();
    await who.page.goBack().catch(() => {});
    await who.opens(check);
    must(who.path().startsWith(`/refer/sent/${first}`), `what is sent is looked at: ${who.path()}`);
    await who.opens('/refer');
    const rows = await who.page.locator('tbody tr', { hasText: 'Eve Moor' }).count();
    must(rows === 1, `listed once: ${rows}`);
  },

  async 'a lost connection loses nothing'(come, must) {
    const who = await come('bea');
    await who.signsIn();
    await who.opens('/refer');
    await who.chooses('danger-no');
    await who.presses('Start a referral');
    const told = who.page.locator('#saved');
    await who.page.type('#worry', 'First words.');
    await told.getByText('Saved. It is not sent yet.').waitFor();
    await who.context.setOffline(true);
    await who.page.type('#worry', ' Words in a tunnel.');
    await told.getByText('Not saved: the connection is lost').waitFor();
    await who.keeps('connection-lost');
    const stays = who.path();
    await who.page.getByRole('button', { name: 'Save and continue', exact: true }).click();
    must(who.path() === stays && (await who.page.inputValue('#worry')).includes('tunnel'), 'the page stays');
    await who.context.setOffline(false);
    await told.getByText('Saved. It is not sent yet.').waitFor();
    const path = who.path();
    await who.opens(path);
    const words = await who.page.inputValue('#worry');
    must(words === 'First words. Words in a tunnel.', `all is there: ${words}`);
  },

  async 'a session that ends keeps the draft'(come, must) {
    const who = await come('bea', { script: false });
    await who.signsIn();
    await who.opens('/refer');
    await who.chooses('danger-no');
    await who.presses('Start a referral');
    await who.fills({ worry: 'Written before the session ended.' });
    await who.presses('Save and continue');
    const child = who.path();
    await who.context.clearCookies({ name: /session/ });
    await who.fills({ given: 'Fay' });
    await who.presses('Save and continue');
    must((await who.reads()).includes('You were signed out'), 'says that one was signed out');
    must((await who.reads()).includes('999'), 'and whom to telephone');
    await who.signsIn(child);
    must(who.path() === child, 'comes back to the page');
    await who.opens('/refer');
    must((await who.reads()).includes('NOT SENT'), 'is listed as not sent');
  },

  async 'a lead takes over, and never what is about a colleague'(come, must) {
    const ada = await come('bea');
    await ada.signsIn();
    for (const trusted of [false, true]) {
      await ada.opens('/refer');
      await ada.chooses('danger-no');
      await ada.presses('Start a referral');
      await ada.fills({ worry: 'To be finished by somebody.' });
      if (trusted) await ada.chooses('trusted-trusted-person');
      await ada.presses('Save and continue');
    }
    const closed = ada.path();
    const lead = await come('lena');
    await lead.signsIn();
    const buttons = lead.page.getByRole('button', { name: /Take over/ });
    const before = await buttons.count();
    must(before > 0, 'sees what colleagues have begun');
    await lead.keeps('lead');
    must(await lead.opens(closed) === 404, 'never what is about a colleague');
    await lead.opens('/refer');
    await Promise.all([lead.page.waitForEvent('load'), buttons.first().click()]);
    must(lead.path().startsWith('/refer/'), `goes on, and not at ${lead.path()}`);
    await lead.opens('/refer');
    must(await buttons.count() === before - 1, 'it is theirs now');
    const elsewhere = await come('hal');
    await elsewhere.signsIn();
    must(await elsewhere.opens(closed) === 404, 'nobody of another organisation');
    must(!(await elsewhere.reads()).includes('Take over'), 'nor sees that there is one');
  },

  async 'one leaves the page at once'(come, must) {
    const who = await come('bea');
    await who.signsIn();
    let left = '';
    await who.context.route('https://www.bbc.co.uk/**', (route) => {
      left = route.request().url();
      return route.fulfill({ status: 200, contentType: 'text/html', body: 'weather' });
    });
    await who.page.getByRole('button', { name: /Exit this page/ }).first().click();
    await who.page.waitForURL('https://www.bbc.co.uk/**');
    must(left.startsWith('https://www.bbc.co.uk/weather'), `left for ${left}`);
  },

  async 'by keyboard alone'(come, must) {
    const who = await come('bea');
    await who.signsIn();
    await who.opens('/refer');
    const { keyboard } = who.page;
    const until = async (id) => {
      for (let n = 0; n < 60; n += 1) {
        const at = await who.page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent.trim());
        if (at === id) return;
        await keyboard.press('Tab');
      }
      throw new Error(`${id} is not reached by Tab`);
    };
    await until('danger-yes');
    await keyboard.press('ArrowDown');
    await until('Start a referral');
    await Promise.all([who.page.waitForEvent('load'), keyboard.press('Enter')]);
    await until('worry');
    await keyboard.type('Typed and never pointed at.');
    await until('Save and continue');
    await Promise.all([who.page.waitForEvent('load'), keyboard.press('Enter')]);
    must(who.path().endsWith('/child/0'), `at the child, and not at ${who.path()}`);
  },
};
