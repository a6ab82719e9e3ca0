// In the head, before anything is painted: tells the styles that scripts run, so that nothing jumps when they arrive.

document.documentElement.classList.add("scripted");
