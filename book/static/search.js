// A page opened from a folder may not read other pages: the search then lists titles, without a passage of each.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
