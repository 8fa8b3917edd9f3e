import { PageController } from './browser/page-controller.tsx';

const root = document.getElementById('page');
if (root !== null) new PageController(root).start();
