/* What Horizon's scripts leave out for those who use no mouse, or see no page, in our parts of it. Plain, as the other. */
(function (page, window) {
  'use strict';

  var opener = null;

  function all(names, then) {
    Array.prototype.forEach.call(page.querySelectorAll(names), then);
  }

  /* The sorter calls a table a grid, which may hold no buttons; the box that ticks all rows has no name. */
  function mend() {
    all('[class*="light-snapshots"] table[role="grid"]', function (table) { table.removeAttribute('role'); });
    all('[class*="light-snapshots"] thead input.table-row-multi-select:not([aria-label])', function (box) {
      var first = box.parentNode;
      while (first && !(first.getAttribute && first.getAttribute('data-choose-all'))) { first = first.parentNode; }
      box.setAttribute('aria-label', first ? first.getAttribute('data-choose-all') : '*');
    });
  }

  function watch() {
    mend();
    if (window.MutationObserver) {
      new window.MutationObserver(mend).observe(page.body, {
        attributes: true, attributeFilter: ['role'], childList: true, subtree: true});
    }
  }

  /* When a dialog is closed, its link has the keyboard again; one of a menu, which has closed as well, what opens the menu. */
  function remember(event) {
    var link = event.target.closest && event.target.closest('[class*="light-snapshots"] a.ajax-modal'), menu;
    if (link) {
      menu = link.closest('.dropdown-menu');
      opener = menu ? menu.parentNode.querySelector('.dropdown-toggle') : link;
    }
  }

  function give_back() {
    window.jQuery(page).on('hidden.bs.modal', '.light-snapshots-dialog', function () {
      if (opener && page.body.contains(opener)) { opener.focus(); }
      opener = null;
    });
  }

  function begin() {
    watch();
    if (window.jQuery) { give_back(); }
  }

  // It comes with every tab.
  if (window.lightSnapshotsReachable) { return; }
  window.lightSnapshotsReachable = true;
  page.addEventListener('click', remember, true);
  if (page.readyState === 'complete') { begin(); } else { window.addEventListener('load', begin); }
}(document, window));
