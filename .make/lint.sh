#!/bin/sh
# lint.sh PACKAGE...: gofmt, vet and staticcheck. There is no exception in a list here: one that is
# needed stands in the code as a "//lint:ignore CHECK reason" on its line.
set -eu
GO=${GO:-go}
# Pinned, so that a new release can't turn an old commit red. staticcheck and not golangci-lint: it
# compiles from source in about a minute where the other needs several, and the rules beyond it that
# we care for (imports, documentation, lengths, names) are tests in docs/.
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2

# All checks, less the following.
checks=all
# ST1020, ST1021 and ST1022 want "Name is …" where we also write "Name: …"; the test in docs/ that every
# exported identifier has a comment which begins with its name asks for more.
checks=$checks,-ST1020,-ST1021,-ST1022
# ST1013 wants http.StatusForbidden for 403. RFC 9110 and every log say 403, and so do our tables.
checks=$checks,-ST1013

failed=0
unformatted=$(find . -name '*.go' -not -path './.*' -exec "$("$GO" env GOROOT)/bin/gofmt" -s -l {} +)
if [ -n "$unformatted" ]; then
	printf 'lint: gofmt -s -w these:\n%s\n' "$unformatted" >&2
	failed=1
fi
"$GO" vet "$@" || failed=1
"$GO" run "$staticcheck" -checks "$checks" "$@" || failed=1
exit $failed
