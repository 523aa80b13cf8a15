// Progressive enhancement, and nothing that a page needs to work.
import { initAll } from 'govuk-frontend';
import { saveByItself } from './autosave.mjs';

initAll();
const form = document.querySelector('form[data-autosave]');
if (form) saveByItself(form, document.getElementById('saved'));
