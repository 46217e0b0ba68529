// The epilogue of integer products (docs/semantics.md, section 8.5): dequantize the sum of a product, then requantize.
//
//     y = fl(fl(fl(float(sum) * weight_scale) * activation_scale) + bias), without the addition if not has_bias
//     code = clamp(rne(fl(y * factor)), 127), 0 for a NaN
//
// Every step is FP32, nearest even. A NaN y is 0x7FC00000.
//
// sum                   signed 32-bit integer
// weight_scale, activation_scale, bias, factor   FP32; factor in codes for each unit of y
// valid_in, valid_out   what enters with valid_in leaves with valid_out
//
// Pipelined, one element a cycle; latency 6 cycles: what is at the inputs at a rising edge is at the outputs after the
// sixth, that one counted. reset (synchronous) clears valid_out and what is on its way.
module requantizer (
    input  logic        clk,
    input  logic        reset,
    input  logic        valid_in,
    input  logic [31:0] sum,
    input  logic [31:0] weight_scale,
    input  logic [31:0] activation_scale,
    input  logic        has_bias,
    input  logic [31:0] bias,
    input  logic [31:0] factor,
    output logic        valid_out,
    output logic [31:0] y,
    output logic [7:0]  code
);
    // A stage is one operation and the register behind it; what later stages need travels along, named after the stage
    // whose register it is in.
    logic [31:0] converted, converted_1;
    logic [31:0] scaled, scaled_2, product, product_3, biased, y_4, y_5, requantized, requantized_5;
    logic [31:0] weight_scale_1, activation_scale_1, activation_scale_2;
    logic        has_bias_1, has_bias_2, has_bias_3;
    logic [31:0] bias_1, bias_2, bias_3;
    logic [31:0] factor_1, factor_2, factor_3, factor_4;
    logic [7:0]  rounded;
    logic [5:0]  valid;
    logic [4:0]  scale_flags_unused, product_flags_unused, bias_flags_unused, factor_flags_unused;

    int32_to_fp32 convert (.a(sum), .result(converted));
    fp32_multiplier scale_by_weight (
        .a(converted_1), .b(weight_scale_1), .rounding(4'd0), .result(scaled), .flags(scale_flags_unused)
    );
    fp32_multiplier scale_by_activation (
        .a(scaled_2), .b(activation_scale_2), .rounding(4'd0), .result(product), .flags(product_flags_unused)
    );
    fp32_adder add_bias (
        .a(product_3), .b(bias_3), .rounding(4'd0), .result(biased), .flags(bias_flags_unused)
    );
    fp32_multiplier scale_by_factor (
        .a(y_4), .b(factor_4), .rounding(4'd0), .result(requantized), .flags(factor_flags_unused)
    );
    fp32_to_int8 round (.a(requantized_5), .code(rounded));

    always_ff @(posedge clk) begin
        converted_1 <= converted;
        weight_scale_1 <= weight_scale;
        activation_scale_1 <= activation_scale;
        has_bias_1 <= has_bias;
        bias_1 <= bias;
        factor_1 <= factor;

        scaled_2 <= scaled;
        activation_scale_2 <= activation_scale_1;
        has_bias_2 <= has_bias_1;
        bias_2 <= bias_1;
        factor_2 <= factor_1;

        product_3 <= product;
        has_bias_3 <= has_bias_2;
        bias_3 <= bias_2;
        factor_3 <= factor_2;

        y_4 <= has_bias_3 ? biased : product_3;  // without a bias nothing is added, so -0 stays
        factor_4 <= factor_3;

        y_5 <= y_4;
        requantized_5 <= requantized;

        y <= y_5;
        code <= rounded;
    end

    always_ff @(posedge clk) begin
        if (reset) valid <= 6'd0;
        else valid <= {valid[4:0], valid_in};
    end
    assign valid_out = valid[5];
endmodule
