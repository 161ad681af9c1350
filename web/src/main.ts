import { mount } from 'svelte';
import Root from './Root.svelte';
import './styles/uzel.css';
import './styles/app.css';

mount(Root, { target: document.body });
