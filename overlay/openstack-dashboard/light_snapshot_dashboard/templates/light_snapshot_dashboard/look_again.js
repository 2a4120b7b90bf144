/* Shows how far a task is on the instance page, and the restore points as they are once it has ended. Without it
   there is the link 'Look again'. Plain: the page may be read before Horizon's own scripts are. */
(function (page) {
  'use strict';

  var LONGEST = 30000, GROWS = 1.3;

  function fetch(address, done) {
    var request = new XMLHttpRequest();
    request.open('GET', address);
    // So Horizon sends the part alone, and no page to log in.
    request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
    request.onload = function () {
      // Anything else, the end of the session too: the user looks by hand.
      if (request.status === 200) { done(part(request.responseText)); }
    };
    request.send();
  }

  function part(text) {
    var holder = page.createElement('div');
    holder.innerHTML = text;
    return holder;
  }

  function busy(place) {
    return !!place && place.getAttribute('data-busy') === 'true';
  }

  /* Only what differs is written, so that nothing is read out twice. */
  function show(place, status) {
    ['.alert', '.light-snapshots-progress'].forEach(function (name) {
      var old = place.querySelector(name), fresh = status.querySelector(name);
      if (old && fresh && old.innerHTML !== fresh.innerHTML) { old.innerHTML = fresh.innerHTML; }
      if (old && !fresh) { old.parentNode.removeChild(old); }
      if (!old && fresh) { place.appendChild(fresh); }
    });
  }

  /* The whole tab anew, and what Horizon does with a tab that it has loaded. */
  function replace(tab) {
    fetch(tab.getAttribute('data-here'), function (holder) {
      var fresh = holder.querySelector('.light-snapshots'), pane = tab.parentNode;
      if (!fresh || !pane) { return; }
      pane.replaceChild(fresh, tab);
      if (window.jQuery && window.horizon && window.horizon.tabs && window.horizon.tabs.initTabLoad) {
        window.horizon.tabs.initTabLoad(window.jQuery(pane));
      }
      look();
    });
  }

  function wait(tab, interval) {
    window.setTimeout(function () {
      var place = tab.querySelector('.light-snapshots-status');
      if (!page.body.contains(tab)) { return; }
      if (page.hidden) { wait(tab, interval); return; }
      fetch(tab.getAttribute('data-status-url'), function (holder) {
        var status = holder.querySelector('.light-snapshots-status');
        if (!status) { return; }
        if (busy(status)) {
          show(place, status);
          wait(tab, Math.min(interval * GROWS, LONGEST));
        } else {
          replace(tab);
        }
      });
    }, interval);
  }

  function look() {
    Array.prototype.forEach.call(page.querySelectorAll('.light-snapshots'), function (tab) {
      if (tab.getAttribute('data-looking') || !busy(tab.querySelector('.light-snapshots-status'))) { return; }
      tab.setAttribute('data-looking', 'true');
      wait(tab, Number(tab.getAttribute('data-interval')) || 2500);
    });
  }

  look();
}(document));
