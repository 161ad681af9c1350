// The words of the pages that keep the model in the language in force.

import { i18n } from '../i18n/index.svelte';
import { en } from './en';
import { ru } from './ru';

export const k = (): typeof en => (i18n.lang === 'ru' ? ru : en);
