//go:build !unix

package main

func resourceUsage() usage { return usage{} }
