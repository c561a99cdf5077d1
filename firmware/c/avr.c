/* Runs the test of an exported folder on an ATmega under simavr, which ends where a processor sleeps for good. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

int test_model(void);

int main(void)
{
    const char *text = (test_model() == 0) ? "SAME\n" : "OTHER\n";

    UCSR0B = 1u << TXEN0;
    for (; *text != '\0'; text++) {
        while ((UCSR0A & (1u << UDRE0)) == 0u) {
        }
        UDR0 = (uint8_t)*text;
    }
    cli();
    sleep_enable();
    sleep_cpu();
    return 0;
}
