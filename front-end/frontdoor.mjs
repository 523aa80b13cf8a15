// Progressive enhancement, and nothing that a page needs to work.
import { initAll } from 'govuk-frontend';

initAll();
