# what make install adds to the program: migrations, a sample configuration, the site for nginx,
# units for systemd, the manual page.
EXTRA_DIST += sql/migrations
EXTRA_DIST += etc/such-market.conf.sample etc/such-market.service.in etc/such-market.socket.in
EXTRA_DIST += etc/such-market-maintain.service.in
dist_man_MANS = etc/such-market.8

nginxdir = $(pkgdatadir)/nginx
nodist_nginx_DATA = etc/nginx/such-market.conf
snippetsdir = $(nginxdir)/snippets
dist_snippets_DATA = \
	nginx/snippets/such-market-limit.conf \
	nginx/snippets/such-market-problems.conf \
	nginx/snippets/such-market-tls.conf
dist_pkgdata_DATA = etc/such-market.conf.sample
nodist_systemdsystemunit_DATA = etc/such-market.service etc/such-market.socket etc/such-market-maintain.service
dist_systemdsystemunit_DATA = etc/such-market-maintain.timer

INSTALLED_PATHS = $(SED) \
	-e 's|@bindir[@]|$(bindir)|g' \
	-e 's|@pkgdatadir[@]|$(pkgdatadir)|g' \
	-e 's|@LISTEN[@]|80|' \
	-e 's|@SERVER_NAME[@]|_|' \
	-e 's|@ACCESS_LOG[@]|/var/log/nginx/such-market.log such_market|' \
	-e 's|@SOCKET_HOT[@]|/run/such-market/hot.sock|' \
	-e 's|@SOCKET_SLOW[@]|/run/such-market/slow.sock|' \
	-e 's|@SNIPPETS[@]|$(snippetsdir)|' \
	-e 's|@ENABLED[@]|/etc/nginx/such-market.d|'

etc/such-market.service: etc/such-market.service.in Makefile
	$(AM_V_at)$(MKDIR_P) etc
	$(AM_V_GEN)$(INSTALLED_PATHS) $(srcdir)/etc/such-market.service.in >$@
etc/such-market.socket: etc/such-market.socket.in Makefile
	$(AM_V_at)$(MKDIR_P) etc
	$(AM_V_GEN)$(INSTALLED_PATHS) $(srcdir)/etc/such-market.socket.in >$@
etc/such-market-maintain.service: etc/such-market-maintain.service.in Makefile
	$(AM_V_at)$(MKDIR_P) etc
	$(AM_V_GEN)$(INSTALLED_PATHS) $(srcdir)/etc/such-market-maintain.service.in >$@
etc/nginx/such-market.conf: nginx/such-market.conf.in Makefile
	$(AM_V_at)$(MKDIR_P) etc/nginx
	$(AM_V_GEN)$(INSTALLED_PATHS) $(srcdir)/nginx/such-market.conf.in >$@
CLEANFILES += etc/such-market.service etc/such-market.socket etc/such-market-maintain.service etc/nginx/such-market.conf

# Whatever migrations there are: a new one needs no line here.
migrationsdir = $(pkgdatadir)/sql/migrations
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(migrationsdir)"
	for file in $(srcdir)/sql/migrations/*.sql; do \
		$(INSTALL_DATA) "$$file" "$(DESTDIR)$(migrationsdir)" || exit 1; \
	done
	if test -d $(srcdir)/sql/migrations/optional; then \
		$(MKDIR_P) "$(DESTDIR)$(migrationsdir)/optional" || exit 1; \
		for file in $(srcdir)/sql/migrations/optional/*.sql; do \
			$(INSTALL_DATA) "$$file" "$(DESTDIR)$(migrationsdir)/optional" || exit 1; \
		done; \
	fi
uninstall-local:
	rm -rf "$(DESTDIR)$(migrationsdir)"

# Documentation against the tables: needs the program.
lint: lint-docs
lint-docs: such-market
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/docs.sh $(srcdir) ./such-market
.PHONY: lint-docs
EXTRA_DIST += tools/docs.sh docs/commands.md docs/configuration.md docs/metrics.md
