#!/bin/sh
# Gets and builds what Crest is compared with, at pinned versions, into a cache
# folder. Run again it does only what is missing.
#
#   bench/peers/setup.sh topk CACHE      needs python3 with venv and pip
#   bench/peers/setup.sh sketch CACHE    needs python3 with pip, g++, mvn, javac and cargo
set -eu

what=${1:?which peers: topk or sketch}
cache=${2:?the cache folder}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

say() { echo "setup: $*" >&2; }

# need PROGRAM…: every program that is not there, in one message.
need() {
	missing=
	for program; do command -v "$program" >/dev/null || missing="$missing $program"; done
	[ -z "$missing" ] || { say "please install:$missing"; exit 1; }
}

install_topk() {
	need python3
	if ! cmp -s "$here/topk/requirements.txt" "$cache/venv/installed.txt"; then
		say "DuckDB, chDB and Polars from PyPI"
		python3 -m venv "$cache/venv"
		"$cache/venv/bin/pip" install --quiet --requirement "$here/topk/requirements.txt"
		cp "$here/topk/requirements.txt" "$cache/venv/installed.txt"
	fi
}

# The last source package of the Python bindings that carries the C++ headers.
datasketches_cpp=3.5.1
# The newest line of the Java library that runs on any JDK from 8 on.
datasketches_java=6.2.0
datasketches_memory=3.0.2
maven_dependency_plugin=3.8.1

build_cpp() {
	headers=$cache/datasketches-$datasketches_cpp
	if ! [ -d "$headers" ]; then
		say "DataSketches $datasketches_cpp, C++ headers, from PyPI"
		python3 -m pip download --quiet --no-deps --no-binary datasketches \
			--dest "$cache" "datasketches==$datasketches_cpp"
		tar -xzf "$headers.tar.gz" -C "$cache"
	fi
	source=$here/datasketches/frequent_items.cpp
	if ! [ "$cache/frequent_items" -nt "$source" ]; then
		g++ -std=c++17 -O3 -march=native -isystem "$headers/common/include" -isystem "$headers/fi/include" \
			-o "$cache/frequent_items" "$source"
	fi
}

build_java() {
	jars=$cache/jars
	for artifact in datasketches-java:$datasketches_java datasketches-memory:$datasketches_memory; do
		jar=$jars/$(echo "$artifact" | tr : -).jar
		if ! [ -f "$jar" ]; then
			say "$artifact from Maven Central"
			mvn --quiet --batch-mode \
				"org.apache.maven.plugins:maven-dependency-plugin:$maven_dependency_plugin:copy" \
				"-Dartifact=org.apache.datasketches:$artifact" "-DoutputDirectory=$jars"
		fi
	done
	source=$here/datasketches/FrequentItems.java
	if ! [ "$cache/classes/FrequentItems.class" -nt "$source" ]; then
		javac -d "$cache/classes" -cp "$jars/*" "$source"
	fi
}

build_rust() {
	RUSTFLAGS="-C target-cpu=native" cargo build --quiet --release --locked \
		--manifest-path "$here/heavykeeper/Cargo.toml" --target-dir "$cache/cargo"
}

case $what in
topk) install_topk ;;
sketch)
	need python3 g++ mvn javac cargo
	build_cpp
	build_java
	build_rust
	;;
*)
	say "no such peers: $what; there are topk and sketch"
	exit 1
	;;
esac
