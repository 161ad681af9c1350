import { mount } from 'svelte';
import App from './App.svelte';
import './styles/uzel.css';
import './styles/app.css';

mount(App, { target: document.body });
