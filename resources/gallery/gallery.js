/* The gallery of an exported collection. One classic script: from file:// no module, no fetch and no worker is let in. */
(function () {
  'use strict';
  var data = window.COVIS;
  var app = document.getElementById('app');
  if (!data) {
    app.textContent = 'The data of this gallery (gallery/data.js) is missing or damaged.';
    return;
  }
  var photos = data.photos;
  var count = photos.length;
  var SVG = 'http://www.w3.org/2000/svg';
  var ICONS = {
    close: 'M6 6l12 12M18 6L6 18', left: 'M15 5l-7 7 7 7', right: 'M9 5l7 7-7 7', plus: 'M12 5v14M5 12h14', minus: 'M5 12h14',
    info: 'M12 11v6M12 7.5v.01M12 3a9 9 0 100 18 9 9 0 000-18z', print: 'M7 9V3h10v6M7 17H4v-7h16v7h-3M7 14h10v7H7z',
    grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z', map: 'M9 4L3 6v14l6-2 6 2 6-2V4l-6 2zM9 4v14M15 6v14',
    side: 'M4 5h16v14H4zM9.5 5v14', help: 'M9.2 9a2.9 2.9 0 115 2c-1 .9-2.1 1.3-2.1 3M12 17.5v.01M12 3a9 9 0 100 18 9 9 0 000-18z'
  };

  /* What is built of elements: text is always text, whatever stands in it. */
  function make(tag, attributes, children) {
    var e = document.createElement(tag);
    for (var key in attributes || {}) {
      var value = attributes[key];
      if (value === undefined || value === null || value === false) continue;
      if (key === 'text') e.textContent = value;
      else if (key.slice(0, 2) === 'on') e.addEventListener(key.slice(2), value);
      else e.setAttribute(key, value === true ? '' : value);
    }
    (children || []).forEach(function (c) { if (c) e.appendChild(typeof c === 'string' ? document.createTextNode(c) : c); });
    return e;
  }
  function icon(name) {
    var s = document.createElementNS(SVG, 'svg');
    s.setAttribute('class', 'i');
    s.setAttribute('viewBox', '0 0 24 24');
    s.setAttribute('aria-hidden', 'true');
    var p = document.createElementNS(SVG, 'path');
    p.setAttribute('d', ICONS[name]);
    s.appendChild(p);
    return s;
  }
  function iconButton(name, label, key, act, cls) {
    return make('button', { type: 'button', class: 'button icon ' + (cls || ''), title: label + (key ? ' (' + key + ')' : ''), 'aria-label': label, onclick: act }, [icon(name)]);
  }
  function clear(e) { while (e.firstChild) e.removeChild(e.firstChild); }
  function plural(n, one, many) { return n.toLocaleString('en') + ' ' + (n === 1 ? one : many); }
  function plain(text) { return text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase(); }

  /* Photos: [path, width, height, sha256, {field: values}, folded under or -1, taken, latitude, longitude, camera] */
  var PATH = 0, WIDTH = 1, HEIGHT = 2, SHA = 3, FIELDS = 4, HEAD = 5, TAKEN = 6, LAT = 7, LON = 8, CAMERA = 9;
  function base(i) { return photos[i][PATH].slice(photos[i][PATH].lastIndexOf('/') + 1); }
  function fieldsOf(i) { return photos[i][FIELDS]; }
  function title(i) { var t = fieldsOf(i).title; return t ? t[0] : base(i); }
  function address(path) { return path.split('/').map(encodeURIComponent).join('/'); }
  function thumb(i) { var n = ('000000' + i).slice(-6); return 'gallery/thumbs/' + n.slice(0, -3) + '/' + n + '.jpg'; }
  function viewOf(i) { var v = data.views[i]; return v === 1 ? 'gallery/views/' + ('000000' + i).slice(-6) + '.jpg' : address(photos[i][PATH]); }
  var folds = new Map();
  photos.forEach(function (p, i) { if (p[HEAD] >= 0) { if (!folds.has(p[HEAD])) folds.set(p[HEAD], []); folds.get(p[HEAD]).push(i); } });
  var placed = photos.some(function (p) { return p[LAT] !== null; });

  /* What is searched, made once when it is first wanted. */
  var texts = null;
  function searchable() {
    if (texts) return texts;
    texts = photos.map(function (p) {
      var all = [p[PATH].slice(7)];
      for (var f in p[FIELDS]) all = all.concat(p[FIELDS][f]);
      if (p[CAMERA]) all.push(p[CAMERA]);
      return plain(all.join('\n'));
    });
    return texts;
  }

  /* Facets: fields that tell photos apart, and are not different for nearly every one. */
  var FACETS = 60, FIRST = 7;
  function valuesFor(i, field) {
    if (field === 'folder') { var p = photos[i][PATH].slice(7); var at = p.lastIndexOf('/'); return at < 0 ? [] : [p.slice(0, at)]; }
    if (field === 'camera') return photos[i][CAMERA] ? [photos[i][CAMERA]] : [];
    if (field === 'decade') { var y = yearOf(i); return y === null ? [] : [Math.floor(y / 10) * 10 + 's']; }
    return fieldsOf(i)[field] || [];
  }
  function yearOf(i) {
    var d = fieldsOf(i).date;
    var m = d && /^(-?\d{3}[\dX])/.exec(d[0]);
    if (m) return Number(m[1].replace('X', '0'));
    return photos[i][TAKEN] === null ? null : new Date(photos[i][TAKEN] * 1000).getUTCFullYear();
  }
  var facets = (function () {
    var names = ['place', 'keywords', 'creator', 'decade', 'camera', 'rights', 'folder'];
    var seen = new Set(names.concat(['title', 'description', 'date', 'notes', 'source']));
    photos.forEach(function (p) { for (var f in p[FIELDS]) if (!seen.has(f)) { seen.add(f); names.push(f); } });
    return names.map(function (field) {
      var counts = new Map(), having = 0;
      for (var i = 0; i < count; i++) { var v = valuesFor(i, field); if (v.length) having++; v.forEach(function (x) { counts.set(x, (counts.get(x) || 0) + 1); }); }
      return { field: field, values: Array.from(counts.keys()), having: having, all: false };
    }).filter(function (f) { return f.values.length > 1 && f.values.length < Math.max(12, 0.6 * f.having) && f.values.length <= 5000; }).slice(0, FACETS);
  })();

  var state = { query: '', chosen: new Map(), sort: 'order', height: 168, folded: false, view: 'grid', box: null };
  try { var kept = Number(localStorage.getItem('covis-height')); if (kept >= 90 && kept <= 320) state.height = kept; } catch (e) { /* no storage */ }
  var shown = [];

  function matches(i, except) {
    if (!state.folded && photos[i][HEAD] >= 0) return false;
    var ok = true;
    state.chosen.forEach(function (values, field) {
      if (!ok || field === except || values.size === 0) return;
      ok = valuesFor(i, field).some(function (v) { return values.has(v); });
    });
    return ok;
  }
  var words = [];
  function parse(query) {
    return (query.match(/[^\s":]+:"[^"]*"|"[^"]*"|\S+/g) || []).map(function (w) {
      var m = /^([^\s":]+):"?([^"]+)"?$/.exec(w);
      if (m && facets.concat([{ field: 'title' }, { field: 'description' }, { field: 'date' }, { field: 'notes' }, { field: 'source' }]).some(function (f) { return f.field === m[1]; }))
        return { field: m[1], text: plain(m[2]) };
      return { field: null, text: plain(w.replace(/"/g, '')) };
    }).filter(function (w) { return w.text !== ''; });
  }
  function found(i) {
    if (words.length === 0) return true;
    var t = searchable()[i];
    return words.every(function (w) {
      if (w.field === null) return t.indexOf(w.text) >= 0;
      return valuesFor(i, w.field).some(function (v) { return plain(v).indexOf(w.text) >= 0; });
    });
  }
  var ORDERS = {
    order: null,
    title: function (a, b) { return title(a).localeCompare(title(b), undefined, { numeric: true }) || a - b; },
    date: function (a, b) { return dateKey(a) < dateKey(b) ? -1 : dateKey(a) > dateKey(b) ? 1 : a - b; },
    name: function (a, b) { return photos[a][PATH].localeCompare(photos[b][PATH], undefined, { numeric: true }); }
  };
  function dateKey(i) {
    var d = fieldsOf(i).date;
    if (d) return d[0];
    return photos[i][TAKEN] === null ? '~' : new Date(photos[i][TAKEN] * 1000).toISOString();
  }

  function select() {
    words = parse(state.query);
    shown = [];
    for (var i = 0; i < count; i++) if (matches(i) && found(i)) shown.push(i);
    if (ORDERS[state.sort]) shown.sort(ORDERS[state.sort]);
    layOut();
    paintFacets();
    paintChosen();
    if (map) map.paint();
    said.textContent = shown.length === count ? plural(count, 'photo', 'photos') : shown.length.toLocaleString('en') + ' of ' + plural(count, 'photo', 'photos');
  }

  /* The bar at the top. */
  var said = make('span', { 'aria-live': 'polite' });
  var search = make('input', { type: 'search', placeholder: 'Search titles, places, keywords, names', 'aria-label': 'Search', spellcheck: 'false', autocomplete: 'off' });
  var timer = 0;
  search.addEventListener('input', function () { clearTimeout(timer); timer = setTimeout(function () { state.query = search.value; scroll.scrollTop = 0; select(); }, 80); });
  var sort = make('select', { 'aria-label': 'Order' }, [['order', 'Collection order'], ['title', 'Title'], ['date', 'Date'], ['name', 'File name']].map(function (o) { return make('option', { value: o[0], text: o[1] }); }));
  sort.addEventListener('change', function () { state.sort = sort.value; scroll.scrollTop = 0; select(); });
  var size = make('input', { type: 'range', class: 'size', min: 90, max: 320, step: 2, value: state.height, 'aria-label': 'Size of photos', title: 'Size of photos' });
  size.addEventListener('input', function () {
    state.height = Number(size.value);
    try { localStorage.setItem('covis-height', size.value); } catch (e) { /* no storage */ }
    layOut();
  });
  var gridButton = make('button', { type: 'button', class: 'button', 'aria-pressed': 'true', onclick: function () { setView('grid'); } }, [icon('grid'), 'Grid']);
  var mapButton = make('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: function () { setView('map'); } }, [icon('map'), 'Map']);
  var foldButton = make('button', { type: 'button', class: 'button', 'aria-pressed': 'false', title: 'Show near duplicates, which are folded under the best of each', onclick: function () { state.folded = !state.folded; foldButton.setAttribute('aria-pressed', String(state.folded)); select(); } }, ['Duplicates']);
  var top = make('header', { class: 'top' }, [
    iconButton('side', 'Show or hide filters', 'F', toggleSide),
    make('div', { class: 'names' }, [make('h1', { text: data.title, title: data.title }), make('p', {}, [said, ' · version ' + data.version + (data.by ? ' · ' + data.by : '')])]),
    make('div', { class: 'search' }, [search, make('kbd', { text: '/', 'aria-hidden': 'true' })]),
    sort, size, folds.size ? foldButton : null,
    placed ? make('div', { class: 'group', role: 'group', 'aria-label': 'View' }, [gridButton, mapButton]) : null,
    iconButton('print', 'Print what is shown', '', function () { window.print(); }),
    iconButton('help', 'Keys', '?', toggleKeys)
  ]);

  function toggleSide() { app.classList.toggle(window.innerWidth <= 760 ? 'open' : 'bare'); layOut(); }

  /* Facets at the side. */
  var side = make('aside', { class: 'side', 'aria-label': 'Filters' });
  function paintFacets() {
    var focused = document.activeElement && side.contains(document.activeElement) ? document.activeElement.getAttribute('data-key') : null;
    clear(side);
    if (data.description) side.appendChild(make('p', { class: 'about', text: data.description }));
    facets.forEach(function (f) {
      var counts = new Map();
      for (var i = 0; i < count; i++) if (matches(i, f.field) && found(i)) valuesFor(i, f.field).forEach(function (v) { counts.set(v, (counts.get(v) || 0) + 1); });
      var chosen = state.chosen.get(f.field) || new Set();
      var list = f.values.filter(function (v) { return counts.has(v) || chosen.has(v); });
      list.sort(f.field === 'decade' ? function (a, b) { return parseInt(a, 10) - parseInt(b, 10); } : function (a, b) { return (counts.get(b) || 0) - (counts.get(a) || 0) || a.localeCompare(b, undefined, { numeric: true }); });
      if (list.length === 0) return;
      var visible = f.all || f.field === 'decade' ? list.slice(0, 400) : list.filter(function (v, k) { return k < FIRST || chosen.has(v); });
      side.appendChild(make('section', { class: 'facet' }, [
        make('h2', { text: f.field }),
        make('ul', {}, visible.map(function (v) {
          return make('li', {}, [make('button', { type: 'button', 'aria-pressed': String(chosen.has(v)), title: v, 'data-key': f.field + '\n' + v, onclick: function () { choose(f.field, v); } }, [make('span', { text: v }), make('span', { text: (counts.get(v) || 0).toLocaleString('en') })])]);
        })),
        visible.length < list.length || f.all ? make('button', { type: 'button', class: 'more', 'data-key': f.field, text: f.all ? 'Show fewer' : 'Show all ' + list.length.toLocaleString('en'), onclick: function () { f.all = !f.all; paintFacets(); } }) : null
      ]));
    });
    if (focused !== null) Array.prototype.some.call(side.querySelectorAll('[data-key]'), function (b) { if (b.getAttribute('data-key') === focused) { b.focus(); return true; } return false; });
  }
  function choose(field, value) {
    var set = state.chosen.get(field) || new Set();
    if (set.has(value)) set.delete(value); else set.add(value);
    if (set.size) state.chosen.set(field, set); else state.chosen.delete(field);
    scroll.scrollTop = 0;
    select();
  }
  var chips = make('div', { class: 'chosen', 'aria-label': 'Filters that hold' });
  function paintChosen() {
    clear(chips);
    state.chosen.forEach(function (values, field) {
      values.forEach(function (v) {
        chips.appendChild(make('button', { type: 'button', class: 'chip', title: 'Remove this filter', onclick: function () { choose(field, v); } }, [make('span', { text: field + ': ' + v }), icon('close')]));
      });
    });
    if (chips.firstChild) chips.appendChild(make('button', { type: 'button', class: 'more', text: 'Clear all', onclick: reset }));
  }
  function reset() { state.chosen = new Map(); state.query = ''; search.value = ''; select(); }

  /* The grid: rows of equal width, of which only those near the window are elements. */
  var GAP = 6, EDGE = 14;
  var space = make('div', { class: 'space' });
  var scroll = make('div', { class: 'scroll', tabindex: '-1', role: 'region', 'aria-label': 'Photos' }, [space]);
  var rows = [], tiles = new Map(), current = 0, rowOf = new Int32Array(0), columnOf = new Int32Array(0);
  function layOut() {
    var width = scroll.clientWidth - 2 * EDGE;
    if (width <= 0) return;
    var topmost = rows.length ? rows[rowAt(scroll.scrollTop)] : null;
    var anchor = topmost && topmost.from < shown.length ? topmost.photos[0] : -1;
    rows = [];
    rowOf = new Int32Array(shown.length);
    columnOf = new Int32Array(shown.length);
    var y = 12, line = [], ratios = 0, from = 0;
    function end(last) {
      var gaps = GAP * (line.length - 1);
      var height = Math.min(last ? state.height : Infinity, (width - gaps) / ratios);
      var x = EDGE, places = [];
      line.forEach(function (r, k) { var w = height * r; places.push([x, w]); x += w + GAP; rowOf[from + k] = rows.length; columnOf[from + k] = k; });
      rows.push({ y: y, height: height, from: from, places: places, photos: shown.slice(from, from + line.length) });
      y += height + GAP;
      from += line.length;
      line = []; ratios = 0;
    }
    shown.forEach(function (i) {
      var r = Math.min(3.2, Math.max(0.5, photos[i][WIDTH] / Math.max(1, photos[i][HEIGHT])));
      line.push(r); ratios += r;
      if (ratios * state.height + GAP * (line.length - 1) >= width) end(false);
    });
    if (line.length) end(true);
    space.style.height = y + 12 + 'px';
    tiles.forEach(function (t) { t.remove(); });
    tiles.clear();
    current = Math.min(current, Math.max(0, shown.length - 1));
    if (anchor >= 0 && scroll.scrollTop > 0) { var k = shown.indexOf(anchor); if (k >= 0) scroll.scrollTop = rows[rowOf[k]].y - 12; }
    nothing.hidden = shown.length > 0;
    paint();
  }
  function rowAt(y) {
    var low = 0, high = rows.length - 1;
    while (low < high) { var m = (low + high) >> 1; if (rows[m].y + rows[m].height < y) low = m + 1; else high = m; }
    return low;
  }
  function paint() {
    if (rows.length === 0) return;
    var view = scroll.clientHeight, y = scroll.scrollTop;
    var first = rowAt(y - view * 0.6), last = rowAt(y + view * 1.6);
    var want = new Set();
    for (var r = first; r <= last; r++) {
      var row = rows[r];
      for (var k = 0; k < row.photos.length; k++) {
        var at = row.from + k;
        want.add(at);
        if (!tiles.has(at)) { var t = tile(at, row, k); tiles.set(at, t); space.appendChild(t); }
      }
    }
    tiles.forEach(function (t, at) { if (!want.has(at) && t !== document.activeElement) { t.firstChild.removeAttribute('src'); t.remove(); tiles.delete(at); } });
    tiles.forEach(function (t, at) { t.tabIndex = at === current ? 0 : -1; });
    if (!tiles.has(current)) { var f = tiles.get(rows[first].from); if (f) f.tabIndex = 0; }
  }
  function tile(at, row, k) {
    var i = shown[at];
    var hidden = !state.folded && folds.has(i) ? folds.get(i).length : 0;
    var image = make('img', { src: thumb(i), alt: '', decoding: 'async', draggable: 'false' });
    var t = make('button', { type: 'button', class: 'tile', 'aria-label': title(i) + (hidden ? ', ' + plural(hidden, 'near duplicate', 'near duplicates') : '') + ', ' + (at + 1) + ' of ' + shown.length, 'data-at': at }, [image, make('span', { class: 'cap', text: title(i) }), hidden ? make('span', { class: 'fold', text: '+' + hidden }) : null]);
    t.style.left = row.places[k][0] + 'px';
    t.style.top = row.y + 'px';
    t.style.width = row.places[k][1] + 'px';
    t.style.height = row.height + 'px';
    return t;
  }
  var queued = false;
  scroll.addEventListener('scroll', function () { if (!queued) { queued = true; requestAnimationFrame(function () { queued = false; paint(); }); } });
  space.addEventListener('click', function (e) { var t = e.target.closest('.tile'); if (t) { current = Number(t.getAttribute('data-at')); openBox(current); } });
  space.addEventListener('focusin', function (e) { var t = e.target.closest('.tile'); if (t) { current = Number(t.getAttribute('data-at')); } });
  function goTo(at) {
    if (shown.length === 0) return;
    current = Math.max(0, Math.min(shown.length - 1, at));
    var row = rows[rowOf[current]];
    if (row.y < scroll.scrollTop + 4) scroll.scrollTop = Math.max(0, row.y - 12);
    else if (row.y + row.height > scroll.scrollTop + scroll.clientHeight - 4) scroll.scrollTop = row.y + row.height - scroll.clientHeight + 12;
    paint();
    var t = tiles.get(current);
    if (t) t.focus({ preventScroll: true });
  }
  function goRow(by) {
    if (shown.length === 0) return;
    var row = rows[rowOf[current]], x = row.places[columnOf[current]], middle = x[0] + x[1] / 2;
    var next = rows[Math.max(0, Math.min(rows.length - 1, rowOf[current] + by))];
    var best = 0, distance = Infinity;
    next.places.forEach(function (p, k) { var d = Math.abs(p[0] + p[1] / 2 - middle); if (d < distance) { distance = d; best = k; } });
    goTo(next.from + best);
  }
  var nothing = make('div', { class: 'none', hidden: true }, [make('strong', { text: 'No photo is like that' }), make('span', { text: 'Take a filter away, or search for something else.' }), make('button', { type: 'button', class: 'button', text: 'Show all photos', onclick: reset })]);
  nothing.style.display = '';

  /* One photo, large. */
  var box = null, wide = false;
  function openBox(at) {
    state.box = at;
    if (!box) {
      box = buildBox();
      document.body.appendChild(box.element);
      app.inert = true;
    }
    showInBox();
  }
  function openPhoto(i) {
    var at = shown.indexOf(i);
    if (at < 0) { state.folded = state.folded || photos[i][HEAD] >= 0; foldButton.setAttribute('aria-pressed', String(state.folded)); reset(); at = shown.indexOf(i); }
    openBox(at);
  }
  function closeBox() {
    if (!box) return;
    box.element.remove();
    box = null;
    app.inert = false;
    var at = state.box;
    state.box = null;
    remember('');
    if (state.view === 'grid') goTo(at);
  }
  function remember(hash) {
    try { history.replaceState(null, '', hash === '' ? location.pathname + location.search : hash); } catch (e) { /* some browsers refuse it for files */ }
  }
  function buildBox() {
    var image = make('img', { alt: '' });
    var gone = make('p', { class: 'gone', text: 'This photo is not here any more.' });
    gone.hidden = true;
    image.addEventListener('error', function () { if (image.getAttribute('src').indexOf('gallery/thumbs') < 0) { image.src = thumb(shown[state.box]); } else { image.hidden = true; gone.hidden = false; } });
    var where = make('div', { class: 'at' });
    var panel = make('div', { class: 'panel', tabindex: '0', 'aria-label': 'What is said of this photo' });
    var infoButton = iconButton('info', 'Show or hide what is said of it', 'I', function () { wide = !wide; element.classList.toggle('wide', wide); }, 'info');
    var stage = make('div', { class: 'stage' }, [image, gone, iconButton('close', 'Close', 'Esc', closeBox, 'close'), where, infoButton, iconButton('left', 'Previous photo', '←', function () { step(-1); }, 'prev'), iconButton('right', 'Next photo', '→', function () { step(1); }, 'next')]);
    var element = make('div', { class: 'box' + (wide ? ' wide' : ''), role: 'dialog', 'aria-modal': 'true', 'aria-label': 'Photo', tabindex: '-1' }, [stage, panel]);
    return { element: element, image: image, gone: gone, where: where, panel: panel };
  }
  function showInBox() {
    var i = shown[state.box], p = photos[i];
    box.gone.hidden = true;
    box.image.hidden = false;
    box.image.style.backgroundImage = 'url("' + thumb(i) + '")';
    box.image.src = viewOf(i);
    box.image.width = p[WIDTH];
    box.image.height = p[HEIGHT];
    box.image.alt = title(i);
    box.where.textContent = (state.box + 1).toLocaleString('en') + ' / ' + shown.length.toLocaleString('en');
    clear(box.panel);
    var list = [];
    function row(name, values) { list.push(make('dt', { text: name })); values.forEach(function (v) { list.push(make('dd', {}, [linked(v)])); }); }
    var order = ['description', 'creator', 'date', 'place', 'rights', 'source', 'keywords', 'notes'];
    var f = p[FIELDS];
    order.concat(Object.keys(f).filter(function (n) { return n !== 'title' && order.indexOf(n) < 0; })).forEach(function (n) { if (f[n]) row(n, n === 'keywords' ? [f[n].join(', ')] : f[n]); });
    if (p[TAKEN] !== null) row('taken', [new Date(p[TAKEN] * 1000).toISOString().slice(0, 16).replace('T', ' ')]);
    if (p[CAMERA]) row('camera', [p[CAMERA]]);
    row('file', [p[PATH].slice(7)]);
    row('size', [p[WIDTH] + ' × ' + p[HEIGHT]]);
    var children = [make('h2', { text: title(i) }), make('dl', {}, list.concat([make('dt', { text: 'SHA-256' }), make('dd', {}, [make('code', { text: p[SHA] })])]))];
    if (data.placed) children.push(make('div', { class: 'row' }, [make('a', { class: 'button', href: address(p[PATH]), target: '_blank', rel: 'noopener', text: 'Open the file' })]));
    if (folds.has(i)) children.push(make('h3', { text: 'Near duplicates' }), strip(folds.get(i)));
    else if (p[HEAD] >= 0) children.push(make('h3', { text: 'Near duplicate of' }), strip([p[HEAD]]));
    var alike = data.similar && data.similar[i];
    if (alike && alike.length) children.push(make('h3', { text: 'Similar photos' }), strip(alike));
    children.forEach(function (c) { box.panel.appendChild(c); });
    box.panel.scrollTop = 0;
    box.element.focus({ preventScroll: true });
    remember('#photo=' + encodeURIComponent(p[PATH].slice(7)));
    [state.box + 1, state.box - 1].forEach(function (at) { if (at >= 0 && at < shown.length) new Image().src = viewOf(shown[at]); });
  }
  function strip(list) {
    return make('div', { class: 'alike' }, list.map(function (i) { return make('button', { type: 'button', title: title(i), 'aria-label': title(i), onclick: function () { openPhoto(i); } }, [make('img', { src: thumb(i), alt: '', loading: 'lazy' })]); }));
  }
  function linked(value) { return /^https?:\/\/[^\s<>"]+$/.test(value) ? make('a', { href: value, target: '_blank', rel: 'noopener noreferrer', text: value }) : document.createTextNode(value); }
  function step(by) { var at = state.box + by; if (at >= 0 && at < shown.length) { state.box = at; current = at; showInBox(); } }

  /* The map: outline of the world, photos where they were taken. */
  var map = null;
  function setView(view) {
    state.view = view;
    gridButton.setAttribute('aria-pressed', String(view === 'grid'));
    mapButton.setAttribute('aria-pressed', String(view === 'map'));
    scroll.hidden = view !== 'grid';
    scroll.style.display = view === 'grid' ? '' : 'none';
    nothing.hidden = view === 'map' || shown.length > 0;
    if (view === 'map') { if (!map) map = buildMap(); map.element.style.display = ''; map.resize(); }
    else { if (map) map.element.style.display = 'none'; layOut(); }
  }
  function buildMap() {
    var canvas = make('canvas', { tabindex: '0', role: 'img', 'aria-label': 'Map of where photos were taken' });
    var tip = make('div', { class: 'tip' });
    var saidOfMap = make('div', { class: 'said' });
    var element = make('div', { class: 'map' }, [canvas, tip, saidOfMap, make('div', { class: 'bar' }, [iconButton('plus', 'Nearer', '+', function () { zoom(1.6); }), iconButton('minus', 'Farther', '-', function () { zoom(1 / 1.6); }), make('button', { type: 'button', class: 'button', text: 'All photos', onclick: frame })])]);
    main.appendChild(element);
    var context = canvas.getContext('2d'), width = 0, height = 0, centre = [0, 0], scale = 1, dots = [];
    function xy(lon, lat) { return [width / 2 + (lon - centre[0]) * scale, height / 2 - (mercator(lat) - centre[1]) * scale]; }
    function mercator(lat) { var l = Math.max(-85, Math.min(85, lat)) * Math.PI / 180; return Math.log(Math.tan(Math.PI / 4 + l / 2)) * 180 / Math.PI; }
    function inPlace() { return shown.filter(function (i) { return photos[i][LAT] !== null; }); }
    function frame() {
      var list = inPlace();
      if (!list.length) { centre = [0, 20]; scale = width / 360; draw(); return; }
      var x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
      list.forEach(function (i) { var x = photos[i][LON], y = mercator(photos[i][LAT]); x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y); });
      centre = [(x0 + x1) / 2, (y0 + y1) / 2];
      scale = Math.min(4000, Math.max(width / 360, Math.min(0.8 * width / Math.max(0.02, x1 - x0), 0.8 * height / Math.max(0.02, y1 - y0))));
      draw();
    }
    function zoom(by, at) {
      var p = at || [width / 2, height / 2];
      var lon = centre[0] + (p[0] - width / 2) / scale, y = centre[1] - (p[1] - height / 2) / scale;
      scale = Math.max(width / 420, Math.min(200000, scale * by));
      centre = [lon - (p[0] - width / 2) / scale, y + (p[1] - height / 2) / scale];
      draw();
    }
    function draw() {
      var style = getComputedStyle(document.documentElement);
      var ratio = window.devicePixelRatio || 1;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      context.fillStyle = style.getPropertyValue('--land');
      context.beginPath();
      data.world.forEach(function (ring) {
        for (var k = 0; k < ring.length; k += 2) { var p = xy(ring[k] / 10, ring[k + 1] / 10); if (k === 0) context.moveTo(p[0], p[1]); else context.lineTo(p[0], p[1]); }
        context.closePath();
      });
      context.fill('evenodd');
      /* Photos that would lie on one another are one dot. */
      var cells = new Map(), CELL = 26;
      inPlace().forEach(function (i) {
        var p = xy(photos[i][LON], photos[i][LAT]);
        if (p[0] < -40 || p[1] < -40 || p[0] > width + 40 || p[1] > height + 40) return;
        var key = Math.round(p[0] / CELL) + ' ' + Math.round(p[1] / CELL), c = cells.get(key);
        if (!c) cells.set(key, (c = { x: 0, y: 0, photos: [] }));
        c.x += p[0]; c.y += p[1]; c.photos.push(i);
      });
      dots = Array.from(cells.values()).map(function (c) { return { x: c.x / c.photos.length, y: c.y / c.photos.length, photos: c.photos, r: c.photos.length === 1 ? 6 : Math.min(22, 9 + 2.2 * Math.log(c.photos.length)) }; });
      var accent = style.getPropertyValue('--accent'), onAccent = style.getPropertyValue('--on-accent'), surface = style.getPropertyValue('--surface');
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.font = '600 11px system-ui, sans-serif';
      dots.forEach(function (d) {
        context.beginPath();
        context.arc(d.x, d.y, d.r, 0, 2 * Math.PI);
        context.fillStyle = accent;
        context.fill();
        context.lineWidth = 2;
        context.strokeStyle = surface;
        context.stroke();
        if (d.photos.length > 1) { context.fillStyle = onAccent; context.fillText(String(d.photos.length), d.x, d.y + 0.5); }
      });
      var n = inPlace().length;
      saidOfMap.textContent = n === shown.length ? plural(n, 'photo', 'photos') : plural(n, 'photo', 'photos') + ' with a place; ' + (shown.length - n).toLocaleString('en') + ' without';
    }
    function dotAt(x, y) { for (var k = dots.length - 1; k >= 0; k--) if (Math.hypot(dots[k].x - x, dots[k].y - y) <= dots[k].r + 3) return dots[k]; return null; }
    var drag = null;
    canvas.addEventListener('pointerdown', function (e) { drag = { x: e.offsetX, y: e.offsetY, centre: centre.slice(), moved: false }; canvas.setPointerCapture(e.pointerId); });
    canvas.addEventListener('pointermove', function (e) {
      if (drag) {
        if (Math.hypot(e.offsetX - drag.x, e.offsetY - drag.y) > 3) drag.moved = true;
        centre = [drag.centre[0] - (e.offsetX - drag.x) / scale, drag.centre[1] + (e.offsetY - drag.y) / scale];
        draw();
        return;
      }
      var d = dotAt(e.offsetX, e.offsetY);
      canvas.style.cursor = d ? 'pointer' : 'grab';
      tip.style.display = d ? 'block' : 'none';
      if (d) { tip.textContent = d.photos.length === 1 ? title(d.photos[0]) : plural(d.photos.length, 'photo', 'photos'); tip.style.left = Math.min(width - 160, d.x + 12) + 'px'; tip.style.top = d.y + 12 + 'px'; }
    });
    canvas.addEventListener('pointerup', function (e) {
      var was = drag; drag = null;
      if (!was || was.moved) return;
      var d = dotAt(e.offsetX, e.offsetY);
      if (!d) return;
      if (d.photos.length === 1 || scale > 20000) openPhoto(d.photos[0]); else zoom(3, [d.x, d.y]);
    });
    canvas.addEventListener('wheel', function (e) { e.preventDefault(); zoom(Math.exp(-e.deltaY / 400), [e.offsetX, e.offsetY]); }, { passive: false });
    canvas.addEventListener('keydown', function (e) {
      var by = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] }[e.key];
      if (by) { centre = [centre[0] + by[0] / scale, centre[1] - by[1] / scale]; draw(); e.preventDefault(); e.stopPropagation(); }
      else if (e.key === '+' || e.key === '=') zoom(1.6);
      else if (e.key === '-') zoom(1 / 1.6);
    });
    function resize() {
      var r = element.getBoundingClientRect(), ratio = window.devicePixelRatio || 1, before = width;
      width = r.width; height = r.height;
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
      if (before === 0) frame(); else draw();
    }
    return { element: element, resize: resize, paint: function () { if (state.view === 'map') draw(); } };
  }

  /* Keys. */
  var keys = null;
  function toggleKeys() {
    if (keys) { keys.remove(); keys = null; return; }
    var list = [['/', 'Search'], ['← → ↑ ↓', 'From photo to photo'], ['Enter', 'Open the photo'], ['Esc', 'Back'], ['Home End', 'First and last'], ['I', 'Show or hide what is said of it'], ['F', 'Show or hide filters']].concat(placed ? [['M', 'Map or grid']] : []);
    keys = make('div', { class: 'keys', role: 'dialog', 'aria-modal': 'true', 'aria-label': 'Keys', onclick: toggleKeys }, [make('div', {}, [make('h2', { text: 'Keys' }), make('dl', {}, list.reduce(function (a, k) { return a.concat([make('dt', {}, k[0].split(' ').map(function (c) { return make('kbd', { text: c }); })), make('dd', { text: k[1] })]); }, []))])]);
    document.body.appendChild(keys);
  }
  document.addEventListener('keydown', function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
    if (keys) { if (e.key === 'Escape' || e.key === '?') toggleKeys(); e.preventDefault(); return; }
    if (e.key === 'Escape') {
      if (box) closeBox();
      else if (typing) { if (search.value) { search.value = ''; state.query = ''; select(); } else search.blur(); }
      return;
    }
    if (box) {
      if (e.key === 'Tab') { trap(e); return; }
      if (e.key === 'ArrowLeft') step(-1);
      else if (e.key === 'ArrowRight' || e.key === ' ' && e.target === box.element) step(1);
      else if (e.key === 'Home') step(-state.box);
      else if (e.key === 'End') step(shown.length - 1 - state.box);
      else if (e.key === 'i' || e.key === 'I') { wide = !wide; box.element.classList.toggle('wide', wide); }
      else return;
      e.preventDefault();
      return;
    }
    if (typing) { if (e.target === search && (e.key === 'Enter' || e.key === 'ArrowDown')) { e.preventDefault(); goTo(0); } return; }
    if (e.key === '/') { search.focus(); search.select(); }
    else if (e.key === '?') toggleKeys();
    else if (e.key === 'f' || e.key === 'F') toggleSide();
    else if ((e.key === 'm' || e.key === 'M') && placed) setView(state.view === 'map' ? 'grid' : 'map');
    else if (state.view === 'grid' && (e.target === document.body || scroll.contains(e.target))) {
      if (e.key === 'ArrowRight') goTo(current + 1);
      else if (e.key === 'ArrowLeft') goTo(current - 1);
      else if (e.key === 'ArrowDown') goRow(1);
      else if (e.key === 'ArrowUp') goRow(-1);
      else if (e.key === 'Home') goTo(0);
      else if (e.key === 'End') goTo(shown.length - 1);
      else if (e.key === 'PageDown') goRow(Math.max(1, Math.floor(scroll.clientHeight / state.height)));
      else if (e.key === 'PageUp') goRow(-Math.max(1, Math.floor(scroll.clientHeight / state.height)));
      else return;
    } else return;
    e.preventDefault();
  });
  function trap(e) {
    var all = Array.prototype.filter.call(box.element.querySelectorAll('button, a[href], [tabindex="0"]'), function (b) { return b.offsetParent !== null; });
    var first = all[0], last = all[all.length - 1];
    if (e.shiftKey && (document.activeElement === first || document.activeElement === box.element)) { last.focus(); e.preventDefault(); }
    else if (!e.shiftKey && document.activeElement === last) { first.focus(); e.preventDefault(); }
  }

  /* Paper: all that is shown, as a contact sheet. */
  var MOST_ON_PAPER = 5000;
  var sheet = make('div', { class: 'sheet' });
  window.addEventListener('beforeprint', function () {
    clear(sheet);
    var list = state.box === null ? shown.slice(0, MOST_ON_PAPER) : [shown[state.box]];
    sheet.appendChild(make('h1', { text: data.title }));
    sheet.appendChild(make('p', { text: said.textContent + ', version ' + data.version + (list.length < shown.length && state.box === null ? '; the first ' + list.length : '') }));
    sheet.appendChild(make('ul', {}, list.map(function (i) { return make('li', {}, [make('img', { src: thumb(i), alt: '' }), title(i), make('span', { text: [].concat(fieldsOf(i).date || [], fieldsOf(i).place || []).join(', ') })]); })));
  });
  window.addEventListener('afterprint', function () { clear(sheet); });

  var main = make('main', { class: 'main' }, [chips, scroll, nothing]);
  app.appendChild(top);
  app.appendChild(side);
  app.appendChild(main);
  document.body.appendChild(sheet);
  window.addEventListener('resize', function () { layOut(); if (map && state.view === 'map') map.resize(); });
  if (window.matchMedia) window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () { if (map) map.paint(); });
  if (facets.length === 0 && !data.description) app.classList.add('bare');
  select();
  var wanted = /^#photo=(.+)$/.exec(location.hash);
  if (wanted) {
    var path = 'photos/' + decodeURIComponent(wanted[1]);
    for (var w = 0; w < count; w++) if (photos[w][PATH] === path) { openPhoto(w); break; }
  }
})();
