// The words of the point's, the device's and the session's pages in the language in force.

import { i18n } from '../i18n/index.svelte';
import { en } from './en';
import { ru } from './ru';

export const p = (): typeof en => (i18n.lang === 'ru' ? ru : en);
