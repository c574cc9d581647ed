// Package valuebag is a bag of typed properties: PropertyKey to Value.
package valuebag
