// The words of the list of attention and of places in the language in force.

import { i18n } from '../i18n/index.svelte';
import { en } from './en';
import { ru } from './ru';

export const a = (): typeof en => (i18n.lang === 'ru' ? ru : en);
